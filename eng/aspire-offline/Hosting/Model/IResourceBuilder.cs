namespace Aspire.Hosting.ApplicationModel;

public enum ResourceAnnotationMutationBehavior
{
    Append = 0,
    Replace = 1,
}

public interface IResourceBuilder<out T>
    where T : IResource
{
    IDistributedApplicationBuilder ApplicationBuilder { get; }

    T Resource { get; }

    IResourceBuilder<T> WithAnnotation<TAnnotation>(
        TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation;
}

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder builder, T resource) : IResourceBuilder<T>
    where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder { get; } = builder;

    public T Resource { get; } = resource;

    public IResourceBuilder<T> WithAnnotation<TAnnotation>(
        TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation
    {
        if (behavior is ResourceAnnotationMutationBehavior.Replace
            && Resource.Annotations.OfType<TAnnotation>().FirstOrDefault() is { } old)
        {
            Resource.Annotations.Remove(old);
        }

        Resource.Annotations.Add(annotation);
        return this;
    }
}

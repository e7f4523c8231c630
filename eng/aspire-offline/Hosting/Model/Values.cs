using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

public interface IValueProvider
{
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

public interface IManifestExpressionProvider
{
    string ValueExpression { get; }
}

public interface IExpressionValue : IValueProvider, IManifestExpressionProvider;

public class ReferenceExpression : IExpressionValue
{
    private readonly string _format;
    private readonly IReadOnlyList<IValueProvider> _providers;

    private ReferenceExpression(string format, IReadOnlyList<IValueProvider> providers, IReadOnlyList<string> expressions)
    {
        (_format, _providers) = (format, providers);
        ValueExpression = string.Format(format, [.. expressions]);
    }

    public string ValueExpression { get; }

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) =>
        new(handler.Format, handler.Providers, handler.Expressions);

    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken)
    {
        var values = new object?[_providers.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = await _providers[i].GetValueAsync(cancellationToken);
        }

        return string.Format(_format, values);
    }

    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler
    {
        private readonly StringBuilder _format = new();
        private readonly List<IValueProvider> _providers = [];
        private readonly List<string> _expressions = [];

        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
        {
        }

        internal readonly string Format => _format.ToString();

        internal readonly IReadOnlyList<IValueProvider> Providers => _providers;

        internal readonly IReadOnlyList<string> Expressions => _expressions;

        public readonly void AppendLiteral(string value) =>
            _format.Append(value.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));

        public readonly void AppendFormatted(string? value) => AppendLiteral(value ?? "");

        public readonly void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider
        {
            _format.Append('{').Append(_providers.Count).Append('}');
            _providers.Add(valueProvider);
            _expressions.Add(valueProvider.ValueExpression);
        }

        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider => AppendFormatted(valueProvider.Resource);
    }
}

public enum EndpointProperty
{
    Url = 0,
    Host = 1,
    IPV4Host = 2,
    Port = 3,
    Scheme = 4,
    TargetPort = 5,
    HostAndPort = 6,
}

public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IExpressionValue
{
    public IResourceWithEndpoints Resource { get; } = owner;

    public string EndpointName { get; } = endpointName;

    public EndpointAnnotation EndpointAnnotation => Resource.Annotations.OfType<EndpointAnnotation>()
        .FirstOrDefault(endpoint => endpoint.Name == EndpointName)
        ?? throw new InvalidOperationException($"The endpoint '{EndpointName}' of '{Resource.Name}' is not defined.");

    public string Scheme => EndpointAnnotation.UriScheme;

    public string Host => "localhost";

    public int Port => EndpointAnnotation.Allocated is [var first, ..]
        ? first
        : throw new InvalidOperationException($"The endpoint '{EndpointName}' of '{Resource.Name}' is not allocated.");

    public string Url => $"{Scheme}://{Host}:{Port}";

    string IManifestExpressionProvider.ValueExpression => Property(EndpointProperty.Url).ValueExpression;

    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new(Url);
}

public class EndpointReferenceExpression(EndpointReference endpointReference, EndpointProperty property) : IExpressionValue
{
    public EndpointReference Endpoint { get; } = endpointReference;

    public EndpointProperty Property { get; } = property;

    public string ValueExpression =>
        $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{char.ToLowerInvariant(Property.ToString()[0])}{Property.ToString()[1..]}}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new(Property switch
    {
        EndpointProperty.Url => Endpoint.Url,
        EndpointProperty.Host => Endpoint.Host,
        EndpointProperty.IPV4Host => "127.0.0.1",
        EndpointProperty.Scheme => Endpoint.Scheme,
        EndpointProperty.HostAndPort => $"{Endpoint.Host}:{Endpoint.Port}",
        _ => Endpoint.Port.ToString(),
    });
}

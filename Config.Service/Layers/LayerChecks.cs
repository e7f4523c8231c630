using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Layers;

/// <summary>Whether a layer may stand beside the others.</summary>
internal static class LayerChecks
{
    /// <summary>What speaks against <paramref name="layer"/>; null: nothing.</summary>
    public static WriteOutcome? Check(ConfigLayers layers, ConfigLayer layer)
    {
        if (LayerRules.Forbidden(layer.Document, layer.Kind) is { Count: > 0 } forbidden)
        {
            return new WriteOutcome.Forbidden(forbidden);
        }

        if (LayerRules.Errors(layer.Document) is { Count: > 0 } errors)
        {
            return new WriteOutcome.Invalid(errors);
        }

        var global = layers.GlobalLayer;
        if (LayerRules.Loosened(layer.Document, layer.Kind, LayerMerge.Merge([global]).Document) is { Count: > 0 } loosened)
        {
            return new WriteOutcome.Forbidden(loosened);
        }

        var together = layer.Kind switch
        {
            Layer.Global => Global(layers, layer),
            Layer.Tenant => Tenant(layers, global, layer),
            _ => LayerRules.Errors(LayerMerge.Merge([global, layer])),
        };
        return together.Count > 0 ? new WriteOutcome.Invalid(together) : null;
    }

    // A tenant's callers may be of any group. What is wrong without the tenant's layer is not its fault.
    private static Dictionary<string, string[]> Tenant(ConfigLayers layers, ConfigLayer global, ConfigLayer tenant)
    {
        var errors = new Dictionary<string, string[]>(LayerRules.Errors(LayerMerge.Merge([global, tenant])));
        foreach (var group in layers.GroupLayers)
        {
            var without = LayerRules.Errors(LayerMerge.Merge([global, group]));
            foreach (var (path, messages) in LayerRules.Errors(LayerMerge.Merge([global, group, tenant]))
                .Where(error => !errors.ContainsKey(error.Key) && !without.ContainsKey(error.Key)))
            {
                errors[$"{group.Label}: {path}"] = messages;
            }
        }

        return errors;
    }

    // Groups and releases must still stand on it. Tenants are not read for that: there may be very many.
    private static Dictionary<string, string[]> Global(ConfigLayers layers, ConfigLayer global)
    {
        var errors = new Dictionary<string, string[]>(LayerRules.Errors(LayerMerge.Merge([global])));
        var above = layers.GroupLayers.Concat(layers.Releases.Where(release => release.IsActive).Select(release => release.AsLayer()));
        foreach (var layer in above)
        {
            foreach (var (path, messages) in LayerRules.Errors(LayerMerge.Merge([global, layer])).Where(error => !errors.ContainsKey(error.Key)))
            {
                errors[$"{layer.Label}: {path}"] = messages;
            }
        }

        return errors;
    }
}

namespace AspireAgent.Simulator.Faults;

/// <summary>The faults that were ordered for coming requests, oldest first.</summary>
internal sealed class FaultPlan
{
    private readonly List<Fault> _faults = [];

    public IReadOnlyList<Fault> Current
    {
        get
        {
            lock (_faults)
            {
                return [.. _faults];
            }
        }
    }

    public void Add(Fault fault)
    {
        lock (_faults)
        {
            _faults.Add(fault);
        }
    }

    public void Clear()
    {
        lock (_faults)
        {
            _faults.Clear();
        }
    }

    /// <summary>The fault for one request of a model, used up by it if it is counted; null: none.</summary>
    public Fault? Take(string model)
    {
        lock (_faults)
        {
            var at = _faults.FindIndex(fault => fault.Model is null || fault.Model == model);
            if (at < 0)
            {
                return null;
            }

            var taken = _faults[at];
            if (taken.Count is { } count)
            {
                if (count <= 1)
                {
                    _faults.RemoveAt(at);
                }
                else
                {
                    _faults[at] = taken with { Count = count - 1 };
                }
            }

            return taken;
        }
    }
}

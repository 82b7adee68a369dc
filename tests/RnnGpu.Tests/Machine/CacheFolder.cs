using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Machine;

/// <summary>Tests that change where the cache is: one at a time, and beside no others, since the environment is the process's.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CacheCollection
{
    public const string Name = "calibration cache";
}

/// <summary>A cache folder of one's own.</summary>
internal sealed class CacheFolder : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public CacheFolder() => Environment.SetEnvironmentVariable(MachineCache.Variable, Path);

    /// <summary>Not there yet.</summary>
    public string Path => _directory["cache"];

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(MachineCache.Variable, "off");
        _directory.Dispose();
    }
}

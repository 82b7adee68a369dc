namespace RnnGpu.Tests.Contract;

/// <summary>The clone that the tests run from.</summary>
public static class Repository
{
    /// <summary>The folder of <c>RnnGpu.sln</c>.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "RnnGpu.sln"))) { folder = Path.GetDirectoryName(folder); }
        return folder ?? throw new DirectoryNotFoundException($"no RnnGpu.sln above {AppContext.BaseDirectory}");
    }
}

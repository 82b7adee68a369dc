using FsCheck;
using FsCheck.Fluent;

namespace RnnGpu.Tests;

/// <summary>How property tests run here: the same cases every time, and a failure shows the shrunk case.</summary>
internal static class Properties
{
    public static void Check(Property property, int cases = 200) => FsCheck.Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(cases).WithReplay(20_250_917UL, 4_711UL), property);
}

using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Tests.Cuda;

/// <summary>What was measured of the machine that tests run on must not decide what they see.</summary>
internal static class NoCalibration
{
    [ModuleInitializer]
    internal static void TurnOff() => Environment.SetEnvironmentVariable(MachineCache.Variable, "off");
}

using System.Reflection;
using System.Runtime.InteropServices;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Modules;
using Xunit;

namespace RnnGpu.Tests.Cuda;

public sealed class KernelAbiTests
{
    /// <summary>Every kernel that the host can launch is in the images, and takes a struct of the size of its twin.</summary>
    [Fact]
    public void Parameter_structs_have_the_sizes_of_their_twins()
    {
        using var backend = CudaBackend.Create(EmulatorBuild.Driver, 0);
        int kernels = 0;
        foreach (FieldInfo field in typeof(CudaBackend).GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            foreach (object kernel in KernelsIn(field.GetValue(backend)))
            {
                Type type = kernel.GetType();
                string module = (string)type.GetProperty("Module")!.GetValue(kernel)!, name = (string)type.GetProperty("Name")!.GetValue(kernel)!;
                int size = Marshal.SizeOf(type.GetGenericArguments()[0]);
                foreach (string file in PtxImage.FileNames.Where(file => file.StartsWith(module + ".", StringComparison.Ordinal)))
                {
                    PtxKernel declared = Assert.Single(PtxImage.Read(file).Kernels, entry => entry.Name == name);
                    Assert.True(declared.ParameterBytes == size, $"{name} in {file} takes {declared.ParameterBytes} bytes, {type.GetGenericArguments()[0].Name} has {size}");
                    kernels++;
                }
            }
        }

        Assert.True(kernels > 0);
    }

    private static IEnumerable<object> KernelsIn(object? value) => value switch
    {
        Array many => many.Cast<object?>().SelectMany(KernelsIn),
        StepKernels step => step.All,
        LoopKernels loop => loop.All,
        not null when value.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Kernel<>) => [value],
        _ => [],
    };
}

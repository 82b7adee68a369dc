using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractFact]
    public void Transfers_keep_every_bit()
    {
        using IDeviceBuffer buffer = Backend.Allocate(1000 * sizeof(int));
        Assert.Equal(4000, buffer.Bytes);
        foreach (int count in (ReadOnlySpan<int>)[0, 1, 7, 65, 999])
        {
            int[] bits = new TestData((ulong)count).Integers(count, int.MinValue / 2, int.MaxValue / 2);
            float[] floats = Array.ConvertAll(bits, BitConverter.Int32BitsToSingle), floatsBack = new float[count];
            var bitsBack = new int[count];
            Backend.Upload<float>(floats, new TensorView(buffer, 1, new Shape(count)));
            Backend.Download(new TensorView(buffer, 1, new Shape(count), DType.I32), bitsBack.AsSpan());
            Compare.Same($"{count} floats read as bits", bits, bitsBack);
            Backend.Download(new TensorView(buffer, 1, new Shape(count)), floatsBack.AsSpan());
            Compare.Same($"{count} floats", bits, Array.ConvertAll(floatsBack, BitConverter.SingleToInt32Bits));
        }
    }

    [ContractFact]
    public void Transfers_refuse_other_lengths_and_types()
    {
        using IDeviceBuffer buffer = Backend.Allocate(40);
        Assert.Throws<ArgumentException>(() => Backend.Upload<float>(new float[3], new TensorView(buffer, 0, new Shape(4))));
        Assert.Throws<ArgumentException>(() => Backend.Upload<int>(new int[4], new TensorView(buffer, 0, new Shape(4))));
        Assert.Throws<ArgumentException>(() => Backend.Download<float>(new TensorView(buffer, 0, new Shape(4)), new float[5]));
        Assert.Throws<ArgumentException>(() => Backend.Download<float>(new TensorView(buffer, 0, new Shape(4), DType.I32), new float[4]));
    }

    [ContractFact]
    public void Memory_that_is_not_there_is_refused_with_the_size()
    {
        long absurd = 1L << 60;
        var refusal = Assert.Throws<OutOfDeviceMemoryException>(() => Backend.Allocate(absurd));
        Assert.Equal(absurd, refusal.RequestedBytes);
    }

    [ContractFact]
    public void A_backend_says_what_it_is()
    {
        Assert.NotEmpty(Backend.Name);
        Assert.NotEmpty(Backend.Description);
    }
}

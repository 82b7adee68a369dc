using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Checkpoints;

public sealed class SafeTensorsMutationTests
{
    [Fact]
    public void DamagedBytesReadAsDeclaredOrAreRefused()
    {
        byte[] original = SafeTensorsBytes.Sample();
        int accepted = 0;
        int refused = 0;
        Prop.ForAll(Mutation.Strokes, strokes =>
        {
            if (ReadsAsDeclaredOrIsRefused(Mutation.Apply(original, strokes)))
            {
                accepted++;
            }
            else
            {
                refused++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000).WithReplay(20_240_601, 7));

        // Both ends of the property were reached: damage to the data reads, damage to the header does not.
        Assert.True(accepted > 100, $"accepted {accepted}");
        Assert.True(refused > 1000, $"refused {refused}");
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] original = SafeTensorsBytes.Sample();
        for (int length = 0; length < original.Length; length++)
        {
            Assert.False(ReadsAsDeclaredOrIsRefused(original[..length]), $"{length} bytes");
        }
    }

    [Fact]
    public void WhateverIsWrittenIsReadBack()
    {
        Gen<(int[] Shape, int DType)[]> tensors = Gen.Choose(0, 3).ArrayOf()
            .Where(shape => shape.Length <= 4)
            .Zip(Gen.Choose(0, 5))
            .Select(t => (t.Item1, t.Item2))
            .ArrayOf();
        Prop.ForAll(tensors.ToArbitrary(), declared =>
        {
            byte[] bytes = SafeTensorsBytes.Write(w =>
            {
                for (int i = 0; i < declared.Length; i++)
                {
                    w.Add($"t{i}", (SafeTensorsDType)declared[i].DType, declared[i].Shape);
                }

                for (int i = 0; i < declared.Length; i++)
                {
                    w.WriteRaw($"t{i}", Content(i, declared[i]));
                }
            });
            using SafeTensorsFile file = SafeTensorsBytes.Open(bytes);
            Assert.Equal(declared.Length, file.Tensors.Count);
            for (int i = 0; i < declared.Length; i++)
            {
                Assert.Equal((SafeTensorsDType)declared[i].DType, file.Entry($"t{i}", declared[i].Shape).DType);
                byte[] expected = Content(i, declared[i]);
                var read = new byte[expected.Length];
                file.ReadRaw($"t{i}", read);
                Assert.Equal(expected, read);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(20_240_602, 7));
    }

    private static byte[] Content(int seed, (int[] Shape, int DType) tensor)
    {
        var bytes = new byte[tensor.Shape.Aggregate(((SafeTensorsDType)tensor.DType).Size(), (a, b) => a * b)];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    // True if the file reads: its tensors then tile its data, and each gives just the bytes its entry declares.
    private static bool ReadsAsDeclaredOrIsRefused(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafeTensorsFile file;
        try
        {
            file = SafeTensorsBytes.Open(bytes);
        }
        catch (CheckpointException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }

        using (file)
        {
            int dataStart = 8 + (int)BitConverter.ToUInt64(bytes);
            Assert.Equal(bytes.Length - dataStart, file.Tensors.Sum(t => t.ByteLength));
            foreach (SafeTensorsEntry tensor in file.Tensors)
            {
                Assert.Equal(tensor.ByteLength, tensor.Shape.Aggregate((long)tensor.DType.Size(), (a, b) => a * b));
                var raw = new byte[tensor.ByteLength];
                file.ReadRaw(tensor.Name, raw);
                Assert.Equal(bytes.AsSpan(dataStart + (int)tensor.Offset, raw.Length).ToArray(), raw);
                if (tensor.DType is SafeTensorsDType.F32 or SafeTensorsDType.F16 or SafeTensorsDType.BF16)
                {
                    file.Read(tensor.Name, new float[tensor.Count]);
                }
            }

            // Written again as declared, it declares the same.
            byte[] again = SafeTensorsBytes.Write(w =>
            {
                foreach (SafeTensorsEntry tensor in file.Tensors)
                {
                    w.Add(tensor.Name, tensor.DType, tensor.Shape.AsSpan());
                }

                foreach (SafeTensorsEntry tensor in file.Tensors)
                {
                    var raw = new byte[tensor.ByteLength];
                    file.ReadRaw(tensor.Name, raw);
                    w.WriteRaw(tensor.Name, raw);
                }
            });
            using SafeTensorsFile copy = SafeTensorsBytes.Open(again);
            Assert.Equal(file.Tensors.Select(t => $"{t.Name} {t}"), copy.Tensors.Select(t => $"{t.Name} {t}"));
        }

        return true;
    }
}

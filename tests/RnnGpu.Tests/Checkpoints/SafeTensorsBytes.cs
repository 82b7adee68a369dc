using System.Buffers.Binary;
using System.Text;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tests.Checkpoints;

/// <summary>Hand-made safetensors files.</summary>
internal static class SafeTensorsBytes
{
    /// <summary>Length, header and data, as given.</summary>
    public static byte[] Make(string header, params byte[] data) => Make(Encoding.UTF8.GetBytes(header), data);

    public static byte[] Make(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [.. length, .. header, .. data];
    }

    public static SafeTensorsFile Open(byte[] bytes) => SafeTensorsFile.Open(new MemoryStream(bytes, writable: false), "test.safetensors");

    public static byte[] Write(Action<SafeTensorsWriter> write)
    {
        using var stream = new MemoryStream();
        var writer = new SafeTensorsWriter(stream);
        write(writer);
        writer.Finish();
        return stream.ToArray();
    }

    /// <summary>A file with every type, a scalar, an empty tensor, metadata and a name outside ASCII.</summary>
    public static byte[] Sample() => Write(w =>
    {
        w.AddMetadata("model", "lstm");
        w.AddMetadata("format", "pt");
        w.Add("weight_ih_l0", SafeTensorsDType.F32, [3, 2]);
        w.Add("empty", SafeTensorsDType.F32, [0, 4]);
        w.Add("steps", SafeTensorsDType.I64, []);
        w.Add("größe", SafeTensorsDType.I32, [2]);
        w.Add("half", SafeTensorsDType.F16, [3]);
        w.Add("brain", SafeTensorsDType.BF16, [2]);
        w.Add("rng", SafeTensorsDType.U8, [3]);
        w.Write("weight_ih_l0", [1f, -2f, 3.5f]);
        w.Write("weight_ih_l0", [float.NaN, float.PositiveInfinity, -0f]);
        w.Write("steps", [long.MinValue]);
        w.Write("größe", [int.MaxValue, -7]);
        w.WriteRaw("half", [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00]);
        w.WriteRaw("brain", [0x80, 0x3F, 0x49, 0xC0]);
        w.Write("rng", new byte[] { 9, 8, 7 });
    });
}

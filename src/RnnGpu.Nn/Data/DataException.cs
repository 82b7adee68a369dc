namespace RnnGpu.Nn.Data;

/// <summary>Training or evaluation data that cannot be used. The message says which file, where in it, and what to do.</summary>
public sealed class DataException : Exception
{
    /// <summary>With the line that users read.</summary>
    public DataException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

namespace RnnGpu.Tasks.Intrusion;

/// <summary>A flow of network traffic: its numbers, and its words (protocol, service, flag), each in the order of the columns.</summary>
/// <param name="Numbers">As read.</param>
/// <param name="Symbols">As read; empty where all columns are numbers.</param>
public sealed record Flow(double[] Numbers, string[] Symbols);

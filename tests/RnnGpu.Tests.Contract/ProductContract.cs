namespace RnnGpu.Tests.Contract;

/// <summary>
/// The part of <see cref="BackendContract"/> that a backend's precision concerns: products and recurrences. A backend's test project derives one class
/// from it for each further mode that the backend has.
/// </summary>
public abstract partial class ProductContract : GemmContract;

namespace RnnGpu.Tests.Contract;

/// <summary>
/// What every backend must do, one file an operation in <c>Ops/</c>. A backend's test project derives one class from it for each
/// way in which that backend can run. Every tensor of every case is a <see cref="GuardedTensor"/>.
/// </summary>
public abstract partial class BackendContract : ProductContract;

namespace RnnGpu.Cuda.Blas;

/// <summary>Entry points of cuBLASLt that the backend calls, by their exported names.</summary>
public enum CublasLtEntry
{
    cublasLtGetVersion,
    cublasLtCreate,
    cublasLtDestroy,
    cublasLtMatmulDescCreate,
    cublasLtMatmulDescDestroy,
    cublasLtMatmulDescSetAttribute,
    cublasLtMatrixLayoutCreate,
    cublasLtMatrixLayoutDestroy,
    cublasLtMatmulPreferenceCreate,
    cublasLtMatmulPreferenceDestroy,
    cublasLtMatmulPreferenceSetAttribute,
    cublasLtMatmulAlgoGetHeuristic,
    cublasLtMatmul,
}

/// <summary>Status of a cuBLASLt call (<c>cublasStatus_t</c>); others keep their number.</summary>
public enum CublasLtStatus
{
    Success = 0,
    NotInitialized = 1,
    AllocFailed = 3,
    InvalidValue = 7,
    ArchMismatch = 8,
    MappingError = 11,
    ExecutionFailed = 13,
    InternalError = 14,
    NotSupported = 15,
    LicenseError = 16,
}

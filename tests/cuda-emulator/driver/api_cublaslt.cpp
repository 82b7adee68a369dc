// cuBLASLt's matrix products, as far as the backend uses them, on the emulator's memory: sums in double, rounded once. Strict where the library is
// lenient: what a caller may get away with on one GPU fails here.
#include "state.h"

#include "../runtime/heap.h"

#include <cinttypes>
#include <cmath>
#include <cstring>

using namespace rnnemu;

namespace {

enum Status { Success = 0, NotInitialized = 1, InvalidValue = 7, NotSupported = 15 };
enum Compute { Float32 = 68, FastTf32 = 77 };
enum Type { TypeFloat = 0, TypeHalf = 2, TypeBFloat = 14 };
enum Epilogue { Default = 1, Relu = 2, Bias = 4, ReluBias = 6 };

constexpr u64 library = 0xB1A5000000000001ull, wantedWorkspace = 4096;
constexpr u32 noReduction = 0;

struct Description : Object {
    static constexpr Kind type = Kind::BlasDescription;
    Description() : Object(type) {}
    int compute = 0, scale = 0, transposeA = 0, transposeB = 0, epilogue = Default;
    u64 bias = 0;
};

struct Layout : Object {
    static constexpr Kind type = Kind::BlasLayout;
    Layout() : Object(type) {}
    int element = 0;
    u64 rows = 0, columns = 0;
    i64 leading = 0;
    u64 bytesOf() const { return element == TypeFloat ? 4 : 2; }
};

struct Preference : Object {
    static constexpr Kind type = Kind::BlasPreference;
    Preference() : Object(type) {}
    u64 workspace = 0;
    u32 reductions = 7, alignment[4] = {256, 256, 256, 256};
};

/// What the 64 bytes of an algorithm hold here: the problem that it was found for.
struct Algorithm { u64 mark, rows, columns, depth, workspace; u32 types, alignment[4], epilogue; };
static_assert(sizeof(Algorithm) <= 64);
struct Heuristic { u8 algorithm[64]; std::size_t workspace; int state; float waves; int reserved[4]; };
static_assert(sizeof(Heuristic) == 96);
constexpr u64 mark = 0x656C7566616D7442ull;

/// cuBLASLt has statuses of its own; a call that was told to fail gives what it was told.
int blasStatus(CUresult status) { return status == CUDA_ERROR_INVALID_CONTEXT || status == CUDA_ERROR_NOT_INITIALIZED ? NotInitialized : (int)status; }

#define EMULATE_BLAS(name, needs)                                                                                      \
    ::rnnemu::Call call_(#name, needs);                                                                                \
    if (call_.status != CUDA_SUCCESS) { return blasStatus(call_.status); }

template <class... A> int refuseBlas(int status, const char* format, A... a)
{
    refuse((CUresult)status, format, a...);
    return status;
}

template <class T> int create(u64* handle)
{
    if (handle == nullptr) { return refuseBlas(InvalidValue, "cuBLASLt: nowhere to put what is created"); }
    auto fresh = std::make_unique<T>();
    fresh->context = currentContext() == nullptr ? 0 : currentContext()->handle;
    *handle = enter(std::move(fresh))->handle;
    return Success;
}

template <class T> int destroy(const char* name, u64 handle)
{
    if (lookup<T>(handle) == nullptr) { return refuseBlas(InvalidValue, "%s: no such object, or destroyed before", name); }
    state().objects.erase(handle);
    return Success;
}

/// How op(A) op(B) fits together; "" if it does.
std::string mismatch(const Description& o, const Layout& a, const Layout& b, const Layout& d)
{
    u64 m = o.transposeA ? a.columns : a.rows, k = o.transposeA ? a.rows : a.columns;
    u64 k2 = o.transposeB ? b.columns : b.rows, n = o.transposeB ? b.rows : b.columns;
    if (k != k2 || m != d.rows || n != d.columns) { return "the sizes of A, B and D do not fit together"; }
    if (m == 0 || n == 0 || k == 0) { return "a size is 0"; }
    if (a.element != b.element) { return "A and B have different types"; }
    if (d.element != TypeFloat) { return "D is not fp32"; }
    if (o.compute == FastTf32 && a.element != TypeFloat) { return "tf32 wants fp32 factors"; }
    for (const Layout* l : {&a, &b, &d})
    {
        if (l->leading < (i64)l->rows) { return "a leading dimension is shorter than a column"; }
    }
    return "";
}

float halfOf(u16 bits) { return halfToFloat(bits); }

/// A factor as the product takes it.
double factor(const u8* at, int type, int compute)
{
    if (type == TypeFloat)
    {
        u32 bits;
        std::memcpy(&bits, at, 4);
        if (compute == FastTf32 && (bits & 0x7F800000u) != 0x7F800000u) { bits = (bits + 0xFFFu + ((bits >> 13) & 1u)) & ~0x1FFFu; }
        return __builtin_bit_cast(float, bits);
    }
    u16 half;
    std::memcpy(&half, at, 2);
    return type == TypeHalf ? halfOf(half) : __builtin_bit_cast(float, (u32)half << 16);
}

/// A matrix in device memory: every column inside an allocation. "" if it is.
std::string outside(const char* what, u64 address, const Layout& l, u32 declared)
{
    char text[256];
    if (address == 0 || address % l.bytesOf() != 0 || address % declared != 0)
    {
        std::snprintf(text, sizeof text, "%s at 0x%" PRIx64 " is not aligned to %u bytes, as the algorithm was told", what, address, declared);
        return text;
    }
    u64 bytes = ((l.columns - 1) * (u64)l.leading + l.rows) * l.bytesOf();
    if (heap.find(address, bytes) != nullptr) { return ""; }
    std::snprintf(text, sizeof text, "%s, %" PRIu64 " bytes at 0x%" PRIx64 ", is not inside an allocation: ", what, bytes, address);
    return text + heap.describe(address, bytes);
}

std::string watchColumns(u64 address, const Layout& l, bool writes)
{
    for (u64 c = 0; c < l.columns && trackStreams; c++)
    {
        u64 first = address + c * (u64)l.leading * l.bytesOf(), bytes = l.rows * l.bytesOf();
        std::string race = noteCopyAccess(first / 4 * 4, (first + bytes - first / 4 * 4 + 3) / 4 * 4, writes, "cublasLtMatmul");
        if (!race.empty()) { return race; }
    }
    return "";
}

struct Job { Description o; Layout a, b, d; u64 aAt, bAt, dAt, workspace, workspaceBytes; float beta; };

CUresult multiply(const Job& j)
{
    std::string wrong = watchColumns(j.aAt, j.a, false);
    if (wrong.empty()) { wrong = watchColumns(j.bAt, j.b, false); }
    if (wrong.empty()) { wrong = watchColumns(j.dAt, j.d, true); }
    if (wrong.empty() && (j.o.epilogue & Bias) != 0) { wrong = noteCopyAccess(j.o.bias, j.d.rows * 4, false, "cublasLtMatmul"); }
    if (wrong.empty() && j.workspaceBytes > 0) { wrong = noteCopyAccess(j.workspace, j.workspaceBytes, true, "cublasLtMatmul"); }
    if (wrong.empty() && (heap.find(j.aAt, 1) == nullptr || heap.find(j.bAt, 1) == nullptr || heap.find(j.dAt, 1) == nullptr))
    {
        wrong = "cublasLtMatmul: an operand was freed before the product ran";
    }
    if (!wrong.empty())
    {
        breakContext(CUDA_ERROR_LAUNCH_FAILED, wrong);
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    if (j.workspaceBytes > 0) { std::memset(heap.host(j.workspace), 0xA5, j.workspaceBytes); }
    const u8* a = static_cast<const u8*>(heap.host(j.aAt));
    const u8* b = static_cast<const u8*>(heap.host(j.bAt));
    u8* d = static_cast<u8*>(heap.host(j.dAt));
    u64 depth = j.o.transposeA ? j.a.rows : j.a.columns, lda = (u64)j.a.leading * j.a.bytesOf(), ldb = (u64)j.b.leading * j.b.bytesOf();
    u64 aRow = j.o.transposeA ? lda : j.a.bytesOf(), aInner = j.o.transposeA ? j.a.bytesOf() : lda;
    u64 bColumn = j.o.transposeB ? j.b.bytesOf() : ldb, bInner = j.o.transposeB ? ldb : j.b.bytesOf();
    std::vector<double> column(depth);
    for (u64 n = 0; n < j.d.columns; n++)
    {
        for (u64 k = 0; k < depth; k++) { column[k] = factor(b + n * bColumn + k * bInner, j.b.element, j.o.compute); }
        for (u64 m = 0; m < j.d.rows; m++)
        {
            double sum = 0;
            for (u64 k = 0; k < depth; k++) { sum += factor(a + m * aRow + k * aInner, j.a.element, j.o.compute) * column[k]; }
            u8* at = d + (n * (u64)j.d.leading + m) * 4;
            float old, bias = 0;
            std::memcpy(&old, at, 4);
            if (j.beta != 0) { sum += j.beta * old; }
            if ((j.o.epilogue & Bias) != 0) { std::memcpy(&bias, static_cast<const u8*>(heap.host(j.o.bias)) + m * 4, 4); }
            float value = (float)(sum + bias);
            if ((j.o.epilogue & Relu) != 0) { value = value < 0 ? 0 : value; }
            std::memcpy(at, &value, 4);
        }
    }
    checkGuards("cublasLtMatmul");
    return CUDA_SUCCESS;
}

}  // namespace

CUDA_EMULATOR_API std::size_t cublasLtGetVersion()
{
    const char* set = std::getenv("RNNGPU_EMULATOR_CUBLASLT");
    return set == nullptr || *set == 0 ? 120405 : std::strtoull(set, nullptr, 10);
}

CUDA_EMULATOR_API int cublasLtCreate(u64* handle)
{
    EMULATE_BLAS(cublasLtCreate, NeedsContext)
    if (handle == nullptr) { return refuseBlas(InvalidValue, "cublasLtCreate: nowhere to put the handle"); }
    *handle = library;
    return Success;
}

CUDA_EMULATOR_API int cublasLtDestroy(u64 handle)
{
    EMULATE_BLAS(cublasLtDestroy, NeedsNothing)
    return handle == library ? Success : refuseBlas(InvalidValue, "cublasLtDestroy: not a handle of the library");
}

CUDA_EMULATOR_API int cublasLtMatmulDescCreate(u64* description, int compute, int scale)
{
    EMULATE_BLAS(cublasLtMatmulDescCreate, NeedsNothing)
    if ((compute != Float32 && compute != FastTf32) || scale != TypeFloat)
    {
        return refuseBlas(NotSupported, "cublasLtMatmulDescCreate: the emulator has compute types 68 (fp32) and 77 (tf32) and fp32 scales, not %d and %d", compute, scale);
    }
    int r = create<Description>(description);
    if (r == Success) { lookup<Description>(*description)->compute = compute; }
    return r;
}

CUDA_EMULATOR_API int cublasLtMatmulDescDestroy(u64 description)
{
    EMULATE_BLAS(cublasLtMatmulDescDestroy, NeedsNothing)
    return destroy<Description>("cublasLtMatmulDescDestroy", description);
}

CUDA_EMULATOR_API int cublasLtMatmulDescSetAttribute(u64 description, int attribute, const void* value, std::size_t bytes)
{
    EMULATE_BLAS(cublasLtMatmulDescSetAttribute, NeedsNothing)
    Description* o = lookup<Description>(description);
    if (o == nullptr || value == nullptr) { return refuseBlas(InvalidValue, "cublasLtMatmulDescSetAttribute: not a description, or no value"); }
    if (bytes != (attribute == 8 ? 8u : 4u)) { return refuseBlas(InvalidValue, "cublasLtMatmulDescSetAttribute: attribute %d does not take %zu bytes", attribute, bytes); }
    switch (attribute)
    {
        case 3: std::memcpy(&o->transposeA, value, 4); break;
        case 4: std::memcpy(&o->transposeB, value, 4); break;
        case 7: std::memcpy(&o->epilogue, value, 4); break;
        case 8: std::memcpy(&o->bias, value, 8); break;
        default: return refuseBlas(InvalidValue, "cublasLtMatmulDescSetAttribute: the emulator doesn't know attribute %d", attribute);
    }
    bool known = o->epilogue == Default || o->epilogue == Relu || o->epilogue == Bias || o->epilogue == ReluBias;
    return known && (o->transposeA | o->transposeB) <= 1 ? Success : refuseBlas(InvalidValue, "cublasLtMatmulDescSetAttribute: attribute %d has no such value", attribute);
}

CUDA_EMULATOR_API int cublasLtMatrixLayoutCreate(u64* layout, int element, std::uint64_t rows, std::uint64_t columns, std::int64_t leading)
{
    EMULATE_BLAS(cublasLtMatrixLayoutCreate, NeedsNothing)
    if (element != TypeFloat && element != TypeHalf && element != TypeBFloat) { return refuseBlas(NotSupported, "cublasLtMatrixLayoutCreate: no type %d here", element); }
    int r = create<Layout>(layout);
    if (r != Success) { return r; }
    Layout* l = lookup<Layout>(*layout);
    l->element = element;
    l->rows = rows;
    l->columns = columns;
    l->leading = leading;
    return Success;
}

CUDA_EMULATOR_API int cublasLtMatrixLayoutDestroy(u64 layout)
{
    EMULATE_BLAS(cublasLtMatrixLayoutDestroy, NeedsNothing)
    return destroy<Layout>("cublasLtMatrixLayoutDestroy", layout);
}

CUDA_EMULATOR_API int cublasLtMatmulPreferenceCreate(u64* preference)
{
    EMULATE_BLAS(cublasLtMatmulPreferenceCreate, NeedsNothing)
    return create<Preference>(preference);
}

CUDA_EMULATOR_API int cublasLtMatmulPreferenceDestroy(u64 preference)
{
    EMULATE_BLAS(cublasLtMatmulPreferenceDestroy, NeedsNothing)
    return destroy<Preference>("cublasLtMatmulPreferenceDestroy", preference);
}

CUDA_EMULATOR_API int cublasLtMatmulPreferenceSetAttribute(u64 preference, int attribute, const void* value, std::size_t bytes)
{
    EMULATE_BLAS(cublasLtMatmulPreferenceSetAttribute, NeedsNothing)
    Preference* p = lookup<Preference>(preference);
    if (p == nullptr || value == nullptr) { return refuseBlas(InvalidValue, "cublasLtMatmulPreferenceSetAttribute: not a preference, or no value"); }
    if (bytes != (attribute == 1 ? 8u : 4u)) { return refuseBlas(InvalidValue, "cublasLtMatmulPreferenceSetAttribute: attribute %d does not take %zu bytes", attribute, bytes); }
    if (attribute == 1) { std::memcpy(&p->workspace, value, 8); }
    else if (attribute == 3) { std::memcpy(&p->reductions, value, 4); }
    else if (attribute >= 5 && attribute <= 8) { std::memcpy(&p->alignment[attribute - 5], value, 4); }
    else { return refuseBlas(InvalidValue, "cublasLtMatmulPreferenceSetAttribute: the emulator doesn't know attribute %d", attribute); }
    return Success;
}

CUDA_EMULATOR_API int cublasLtMatmulAlgoGetHeuristic(u64 handle, u64 description, u64 aLayout, u64 bLayout, u64 cLayout, u64 dLayout, u64 preference,
                                                     int wanted, void* results, int* found)
{
    EMULATE_BLAS(cublasLtMatmulAlgoGetHeuristic, NeedsContext)
    Description* o = lookup<Description>(description);
    Layout *a = lookup<Layout>(aLayout), *b = lookup<Layout>(bLayout), *c = lookup<Layout>(cLayout), *d = lookup<Layout>(dLayout);
    Preference* p = lookup<Preference>(preference);
    if (handle != library || o == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr || p == nullptr || wanted < 1 || results == nullptr || found == nullptr)
    {
        return refuseBlas(InvalidValue, "cublasLtMatmulAlgoGetHeuristic: a handle is not what it should be, or was destroyed");
    }
    *found = 0;
    std::string wrong = mismatch(*o, *a, *b, *d);
    if (c->rows != d->rows || c->columns != d->columns || c->leading != d->leading || c->element != d->element) { wrong = "C and D differ"; }
    if (!wrong.empty()) { return refuseBlas(InvalidValue, "cublasLtMatmulAlgoGetHeuristic: %s", wrong.c_str()); }
    if ((p->reductions & ~2u) != noReduction)
    {
        return refuseBlas(NotSupported, "cublasLtMatmulAlgoGetHeuristic: reductions that are not of a fixed order are allowed (mask %u): not deterministic", p->reductions);
    }
    for (u32 alignment : p->alignment)
    {
        if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > 256) { return refuseBlas(InvalidValue, "cublasLtMatmulAlgoGetHeuristic: an alignment of %u", alignment); }
    }
    // As on a device: 16-bit factors want columns at multiples of 16 bytes for tensor cores; others have no algorithm here.
    if (a->bytesOf() == 2 && ((u64)a->leading % 8 != 0 || (u64)b->leading % 8 != 0 || p->alignment[0] < 16 || p->alignment[1] < 16)) { return NotSupported; }
    Algorithm algorithm{mark, d->rows, d->columns, o->transposeA ? a->rows : a->columns, p->workspace >= wantedWorkspace ? wantedWorkspace : 0,
                        (u32)a->element << 8 | (u32)o->compute, {p->alignment[0], p->alignment[1], p->alignment[2], p->alignment[3]}, (u32)o->epilogue};
    Heuristic first{};
    std::memcpy(first.algorithm, &algorithm, sizeof algorithm);
    first.workspace = algorithm.workspace;
    first.waves = 1;
    std::memcpy(results, &first, sizeof first);
    *found = 1;
    return Success;
}

CUDA_EMULATOR_API int cublasLtMatmul(u64 handle, u64 description, const void* alpha, u64 a, u64 aLayout, u64 b, u64 bLayout, const void* beta, u64 c, u64 cLayout,
                                     u64 d, u64 dLayout, const void* algorithm, u64 workspace, std::size_t workspaceBytes, CUstream streamHandle)
{
    EMULATE_BLAS(cublasLtMatmul, NeedsContext)
    Description* o = lookup<Description>(description);
    Layout *la = lookup<Layout>(aLayout), *lb = lookup<Layout>(bLayout), *lc = lookup<Layout>(cLayout), *ld = lookup<Layout>(dLayout);
    Stream* stream = streamOf(streamHandle);
    if (handle != library || o == nullptr || la == nullptr || lb == nullptr || lc == nullptr || ld == nullptr || stream == nullptr || alpha == nullptr || beta == nullptr || algorithm == nullptr)
    {
        return refuseBlas(InvalidValue, "cublasLtMatmul: a handle is not what it should be, or was destroyed");
    }
    Algorithm known;
    std::memcpy(&known, algorithm, sizeof known);
    std::string wrong = mismatch(*o, *la, *lb, *ld);
    u64 depth = o->transposeA ? la->rows : la->columns;
    if (wrong.empty() && (known.mark != mark || known.rows != ld->rows || known.columns != ld->columns || known.depth != depth || known.epilogue != (u32)o->epilogue
                          || known.types != ((u32)la->element << 8 | (u32)o->compute)))
    {
        wrong = "the algorithm was found for another product";
    }
    if (wrong.empty() && (c != d || cLayout != dLayout)) { wrong = "C is not D"; }
    if (wrong.empty() && workspaceBytes < known.workspace) { wrong = "the workspace is smaller than the algorithm wants"; }
    if (wrong.empty() && known.workspace > 0 && (workspace % 256 != 0 || heap.find(workspace, known.workspace) == nullptr)) { wrong = "the workspace is not inside an allocation, or not at a multiple of 256"; }
    if (wrong.empty()) { wrong = outside("A", a, *la, known.alignment[0]); }
    if (wrong.empty()) { wrong = outside("B", b, *lb, known.alignment[1]); }
    if (wrong.empty()) { wrong = outside("D", d, *ld, known.alignment[3]); }
    if (wrong.empty() && (o->epilogue & Bias) != 0 && (o->bias % 4 != 0 || heap.find(o->bias, ld->rows * 4) == nullptr)) { wrong = "the bias is not inside an allocation"; }
    float one, factorOfC;
    std::memcpy(&one, alpha, 4);
    std::memcpy(&factorOfC, beta, 4);
    if (wrong.empty() && one != 1.0f) { wrong = "alpha is not 1"; }
    if (!wrong.empty()) { return refuseBlas(InvalidValue, "cublasLtMatmul: %s", wrong.c_str()); }
    Job job{*o, *la, *lb, *ld, a, b, d, workspace, known.workspace, factorOfC};
    return blasStatus(submit(stream, [job]() -> CUresult { return state().sticky != CUDA_SUCCESS ? state().sticky : multiply(job); }));
}

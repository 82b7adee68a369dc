#include "registry.h"

#include <cstdio>
#include <cstdlib>
#include <map>

namespace rnnemu {

namespace {

std::map<std::string, KernelInfo>& kernels()
{
    static std::map<std::string, KernelInfo> all;
    return all;
}

}  // namespace

KernelRegistration::KernelRegistration(const KernelInfo& info)
{
    auto [at, fresh] = kernels().emplace(info.name, info);
    if (!fresh)
    {
        std::fprintf(stderr, "CUDA emulator: two kernels are named %s, in %s and %s\n", info.name, at->second.file, info.file);
        std::abort();
    }
}

const KernelInfo* findKernel(const std::string& name)
{
    auto at = kernels().find(name);
    return at == kernels().end() ? nullptr : &at->second;
}

}  // namespace rnnemu

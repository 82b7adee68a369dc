// The committed PTX against the kernels compiled into the emulator: every module loads, and every kernel of it is there with the same parameters.
#include "driver.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace tests {

namespace {

std::set<std::string> entriesOf(const std::string& text)
{
    std::set<std::string> names;
    for (std::size_t at = text.find(".entry "); at != std::string::npos; at = text.find(".entry ", at + 7))
    {
        names.insert(text.substr(at + 7, text.find('(', at) - at - 7));
    }
    return names;
}

}  // namespace

TEST(committed_modules_load_and_their_kernels_are_current)
{
    Session session;
    int major = 0;
    CHECK_OK(driver.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    u32 modules = 0, kernels = 0;
    for (const auto& file : std::filesystem::directory_iterator(projectRoot + "/kernels/ptx"))
    {
        std::string name = file.path().filename().string();
        if (!name.ends_with(".sm_80.ptx") && !(major == 9 && name.ends_with(".sm_90a.ptx"))) { continue; }
        std::ostringstream text;
        text << std::ifstream(file.path()).rdbuf();
        CUmodule module = nullptr;
        CHECK_OK(driver.cuModuleLoadDataEx(&module, text.str().c_str(), 0, nullptr, nullptr));
        for (const std::string& entry : entriesOf(text.str()))
        {
            CUfunction function = nullptr;
            CHECK_OK(driver.cuModuleGetFunction(&function, module, entry.c_str()));
            kernels++;
        }
        CHECK_OK(driver.cuModuleUnload(module));
        modules++;
    }
    CHECK(modules > 0 && kernels > 0);
}

}  // namespace tests

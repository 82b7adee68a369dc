// Runs the tests: emulator-tests <project root> [--library <driver>] [--list] [--messages] [--only <name> | name part]. Prints each failure and
// "N passed, N failed". --list prints the tests' names instead; --messages also what the emulator said of each fault that a test looks at.
#include "driver.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <sstream>

namespace tests {

Driver driver;
std::string projectRoot;

namespace {

struct Case { const char* name; TestBody body; bool emulatorOnly; };

std::vector<Case>& cases()
{
    static std::vector<Case> all;
    return all;
}

int failures = 0;
bool showMessages = false;

std::string readFile(const std::string& path)
{
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

Registration::Registration(const char* name, TestBody body, bool emulatorOnly) { cases().push_back({name, body, emulatorOnly}); }

void fail(const char* file, int line, const std::string& what)
{
    const char* base = std::strrchr(file, '/');
    if (failures < 8) { std::printf("    %s:%d: %s\n", base == nullptr ? file : base + 1, line, what.c_str()); }
    failures++;
}

std::string Driver::message() const
{
    if (lastError == nullptr) { return ""; }
    char text[1024];
    lastError(text, sizeof text);
    return text;
}

void checkStatus(const char* file, int line, const char* call, CUresult got, CUresult wanted)
{
    if (got != wanted) { fail(file, line, std::string(call) + " gave " + std::to_string(got) + ", not " + std::to_string(wanted) + ": " + driver.message()); }
}

void checkMessage(const char* file, int line, const std::string& part)
{
    static std::string shown;
    std::string message = driver.message();
    if (showMessages && message != shown) { std::printf("message: %s\n", message.c_str()); }
    shown = message;
    if (message.find(part) == std::string::npos) { fail(file, line, "no '" + part + "' in '" + message + "'"); }
}

bool loadDriver(const std::string& library, std::string* problem)
{
    void* handle = dlopen(library.c_str(), RTLD_NOW);
    if (handle == nullptr) { *problem = dlerror(); return false; }
#define LOAD(name, parameters)                                                                                         \
    driver.name = reinterpret_cast<CUresult(*) parameters>(dlsym(handle, #name));                                      \
    if (driver.name == nullptr) { *problem = library + " has no " #name; return false; }
    DRIVER_ENTRIES(LOAD)
#undef LOAD
    auto own = [&](auto& pointer, const char* name) { pointer = reinterpret_cast<std::decay_t<decltype(pointer)>>(dlsym(handle, name)); };
    own(driver.fail, "rnngpuEmulatorFail");
    own(driver.calls, "rnngpuEmulatorCalls");
    own(driver.live, "rnngpuEmulatorLive");
    own(driver.lastError, "rnngpuEmulatorLastError");
    own(driver.parameterBytes, "rnngpuEmulatorKernelParameterBytes");
    own(driver.reset, "rnngpuEmulatorReset");
    return true;
}

Session::Session(const char* environment)
{
    std::istringstream words(environment);
    for (std::string word; words >> word;)
    {
        std::size_t equals = word.find('=');
        set_.push_back(word.substr(0, equals));
        setenv(set_.back().c_str(), word.c_str() + equals + 1, 1);
    }
    if (driver.emulated()) { driver.reset(); }
    CHECK_OK(driver.cuInit(0));
    CUcontext context = nullptr;
    CHECK_OK(driver.cuDevicePrimaryCtxRetain(&context, 0));
    CHECK_OK(driver.cuCtxSetCurrent(context));
}

Session::~Session()
{
    driver.cuDevicePrimaryCtxRelease_v2(0);
    for (const std::string& name : set_) { unsetenv(name.c_str()); }
}

Kernel::Kernel(const char* file, const char* name)
{
    int major = 0;
    driver.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
    std::string suffix = std::string(file) + (major == 9 ? ".sm_90a.ptx" : ".sm_80.ptx");
    std::string image = readFile(projectRoot + "/kernels/ptx/" + suffix);
    if (image.empty()) { image = readFile(projectRoot + "/kernels/ptx/" + file + ".sm_80.ptx"); }
    if (image.empty()) { image = readFile(projectRoot + "/tests/cuda-emulator/bin/ptx/" + suffix); }
    if (image.empty() && driver.emulated())
    {
        image = std::string(".version 7.0\n.target sm_80\n.visible .entry ") + name + "(\n.param .align 8 .b8 p[" + std::to_string(driver.parameterBytes(name)) + "]\n)\n";
    }
    CHECK_OK(driver.cuModuleLoadDataEx(&module_, image.c_str(), 0, nullptr, nullptr));
    CHECK_OK(driver.cuModuleGetFunction(&function_, module_, name));
}

Kernel::~Kernel() { driver.cuModuleUnload(module_); }

u32 Numbers::bits()
{
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(state_ >> 33) ^ (u32)(state_ >> 13);
}

}  // namespace tests

int main(int count, char** arguments)
{
    using namespace tests;
    std::string library, part, only;
    bool list = false;
    projectRoot = count > 1 ? arguments[1] : ".";
    for (int i = 2; i < count; i++)
    {
        std::string argument = arguments[i];
        if (argument == "--library" && i + 1 < count) { library = arguments[++i]; }
        else if (argument == "--only" && i + 1 < count) { only = arguments[++i]; }
        else if (argument == "--list") { list = true; }
        else if (argument == "--messages") { showMessages = true; }
        else { part = argument; }
    }
    if (list)
    {
        for (const Case& c : cases()) { std::printf("%s\n", c.name); }
        return 0;
    }
    if (library.empty()) { library = projectRoot + "/tests/cuda-emulator/bin/librnngpu-cuda-emulator-test.so"; }
    std::string problem;
    if (!loadDriver(library, &problem)) { std::fprintf(stderr, "%s\n", problem.c_str()); return 2; }
    int passed = 0, failed = 0, left = 0;
    for (const Case& c : cases())
    {
        if (!only.empty() ? only != c.name : std::string(c.name).find(part) == std::string::npos) { continue; }
        if (c.emulatorOnly && !driver.emulated()) { left++; continue; }
        failures = 0;
        c.body();
        std::fflush(stdout);
        if (failures == 0) { passed++; continue; }
        std::printf("FAILED %s\n", c.name);
        failed++;
    }
    if (left > 0) { std::printf("%d tests of the emulator itself left out\n", left); }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

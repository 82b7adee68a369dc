"""The few calls of ONNX Runtime's C API that the bench needs, on the library itself (libonnxruntime.so): no package around it, no JavaScript, no copy.

The API is a table of functions whose order never changes (onnxruntime_c_api.h, struct OrtApi); the places below are version 1's.
"""
import ctypes
import time
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, byref, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p, cast

API_VERSION = 1
PLACES = {
    "GetErrorMessage": (2, c_char_p, c_void_p),
    "CreateEnv": (3, c_void_p, c_int, c_char_p, POINTER(c_void_p)),
    "CreateSession": (7, c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p)),
    "CreateSessionOptions": (10, c_void_p, POINTER(c_void_p)),
    "SetSessionExecutionMode": (13, c_void_p, c_void_p, c_int),
    "SetSessionGraphOptimizationLevel": (23, c_void_p, c_void_p, c_int),
    "SetIntraOpNumThreads": (24, c_void_p, c_void_p, c_int),
    "SetInterOpNumThreads": (25, c_void_p, c_void_p, c_int),
    "CreateTensorWithDataAsOrtValue": (49, c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_int64), c_size_t, c_int, POINTER(c_void_p)),
    "CreateCpuMemoryInfo": (69, c_void_p, c_int, c_int, POINTER(c_void_p)),
    "ReleaseSession": (95, None, c_void_p),
    "ReleaseValue": (96, None, c_void_p),
}
RUN_PLACE, SEQUENTIAL, ALL_OPTIMIZATIONS, WARNING, FLOAT, ARENA, DEFAULT_MEMORY = 9, 0, 99, 2, 1, 1, 0
RUN = PYFUNCTYPE(
    c_void_p, c_void_p, c_void_p, POINTER(c_char_p), POINTER(c_void_p), c_size_t, POINTER(c_char_p), c_size_t, POINTER(c_void_p))


class _Base(Structure):
    _fields_ = [("get_api", CFUNCTYPE(c_void_p, c_uint32)), ("version", CFUNCTYPE(c_char_p))]


class OnnxRuntime:
    """The library, with one environment and one set of session options: sequential, one thread between operations, so many within one."""

    def __init__(self, path, threads):
        library = ctypes.CDLL(path)
        library.OrtGetApiBase.restype = POINTER(_Base)
        base = library.OrtGetApiBase().contents
        self.version = base.version().decode()
        table = cast(base.get_api(API_VERSION), POINTER(c_void_p))
        self._calls = {name: CFUNCTYPE(*types)(table[place]) for name, (place, *types) in PLACES.items()}
        self.run = RUN(table[RUN_PLACE])
        self._nothing = RUN(cast(base.version, c_void_p).value)
        environment, self._options, self._memory = c_void_p(), c_void_p(), c_void_p()
        self.call("CreateEnv", WARNING, b"rnngpu-bench", byref(environment))
        self._environment = environment
        self.call("CreateSessionOptions", byref(self._options))
        self.call("SetSessionExecutionMode", self._options, SEQUENTIAL)
        self.call("SetSessionGraphOptimizationLevel", self._options, ALL_OPTIMIZATIONS)
        self.call("SetIntraOpNumThreads", self._options, threads)
        self.call("SetInterOpNumThreads", self._options, 1)
        self.call("CreateCpuMemoryInfo", ARENA, DEFAULT_MEMORY, byref(self._memory))

    def call(self, name, *arguments):
        status = self._calls[name](*arguments)
        if status:
            raise RuntimeError(f"{name}: {self.message(status)}")

    def message(self, status):
        return self._calls["GetErrorMessage"](status).decode()

    def session(self, model_file):
        session = c_void_p()
        self.call("CreateSession", self._environment, model_file.encode(), self._options, byref(session))
        return session

    def tensor(self, array):
        """A value over an array's own memory."""
        value, shape = c_void_p(), (c_int64 * array.ndim)(*array.shape)
        self.call("CreateTensorWithDataAsOrtValue", self._memory, array.ctypes.data, array.nbytes, shape, array.ndim, FLOAT, byref(value))
        return value

    def release_session(self, session):
        self._calls["ReleaseSession"](session)

    def release_tensor(self, value):
        self._calls["ReleaseValue"](value)

    def call_overhead(self, turns=20000):
        """Seconds that a Session of this module spends around a call: the same loop with a function of the library that only returns a pointer."""
        session = Session(self, None, [{}], [{}])
        session.run, session.succeeded = self._nothing, bool
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(turns):
                session.iterate()
            best = min(best, (time.perf_counter() - start) / turns)
        return best


class Session:
    """A model with sets of inputs and outputs, arrays by name, that calls take in turn. Outputs are written in place."""

    def __init__(self, runtime, model_file, inputs, outputs):
        self.runtime, self.run, self.turn, self.sets = runtime, runtime.run, -1, len(inputs)
        self.arrays, self._values = (inputs, outputs), []
        self.session = runtime.session(model_file) if model_file else None
        self.arguments = [self._arguments(i, o) for i, o in zip(inputs, outputs)]

    def _arguments(self, inputs, outputs):
        def names(arrays):
            return (c_char_p * len(arrays))(*[name.encode() for name in arrays])

        def values(arrays):
            made = [self.runtime.tensor(array) for array in arrays.values()]
            self._values += made
            return (c_void_p * len(made))(*[value.value for value in made])

        return (self.session, None, names(inputs), values(inputs), len(inputs), names(outputs), len(outputs), values(outputs))

    @staticmethod
    def succeeded(status):
        return not status

    def iterate(self):
        turn = self.turn + 1
        self.turn = turn = 0 if turn == self.sets else turn
        status = self.run(*self.arguments[turn])
        if not self.succeeded(status):
            raise RuntimeError(f"Run: {self.runtime.message(status)}")

    def close(self):
        for value in self._values:
            self.runtime.release_tensor(value)
        if self.session:
            self.runtime.release_session(self.session)

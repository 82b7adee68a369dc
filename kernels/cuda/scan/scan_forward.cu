// Scans forward, a kernel a cell: see scan.cuh for the equations, axes and cost.
#include "scan/scan.cuh"

namespace rnn {

// A thread a lane, up to 128 threads, 4 blocks a multiprocessor. Share of the limit on a GPU: not yet measured.
// 80 registers on sm_80, 80 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(diagonal_fwd_scan_f32, ScanParams, 128, 4, 0) { scanForward<DiagonalScan>(p); }
// 80 registers on sm_80, 79 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(min_gru_fwd_scan_f32, ScanParams, 128, 4, 0) { scanForward<MinGruScan>(p); }
// 98 registers on sm_80, 100 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(min_lstm_fwd_scan_f32, ScanParams, 128, 4, 0) { scanForward<MinLstmScan>(p); }
// 74 registers on sm_80, 76 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(sru_fwd_scan_f32, ScanParams, 128, 4, 0) { scanForward<SruScan>(p); }
// 98 registers on sm_80, 99 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(qrnn_fwd_scan_f32, ScanParams, 128, 4, 0) { scanForward<QrnnScan>(p); }

}  // namespace rnn

// Scans back in time, a kernel a cell: see scan.cuh for the equations, axes and cost.
#include "scan/scan.cuh"

namespace rnn {

// A thread a lane, up to 128 threads, 4 blocks a multiprocessor. Share of the limit on a GPU: not yet measured.
// 64 registers on sm_80, 64 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(diagonal_bwd_scan_f32, ScanParams, 128, 4, 0) { scanBackward<DiagonalScan>(p); }
// 75 registers on sm_80, 74 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(min_gru_bwd_scan_f32, ScanParams, 128, 4, 0) { scanBackward<MinGruScan>(p); }
// 86 registers on sm_80, 85 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(min_lstm_bwd_scan_f32, ScanParams, 128, 4, 0) { scanBackward<MinLstmScan>(p); }
// 106 registers on sm_80, 103 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(sru_bwd_scan_f32, ScanParams, 128, 4, 0) { scanBackward<SruScan>(p); }
// 87 registers on sm_80, 87 on sm_90; 0 bytes of static shared memory.
RNN_KERNEL(qrnn_bwd_scan_f32, ScanParams, 128, 4, 0) { scanBackward<QrnnScan>(p); }

}  // namespace rnn

// TCP between a program of this machine and one of the guest, through QEMU's user network, in time of the clock on the wall:
//
//   net.rx, net.tx    MB/s to the guest and from it, the best of several transfers
//   net.rtt           µs for a byte to the guest and back, the median
//   net.connect       µs from connect() to the first byte back, the median
//
//   kills.rx.SERVICE.INTERVAL   what is left of net.rx, in thousandths, while the service is killed at that interval;
//   kills.tx.…                  undisturbed runs before and after it are the measure, and no connection may be lost
//
// The same of Linux, in the same QEMU and right after, as net.rx.linux and so on, where `./eft bench` has made one ready.
#pragma once

#include "figures.h"

namespace eft::bench {

void measure_network(Figures& figures);
void measure_network_under_kills(Figures& figures);

}  // namespace eft::bench

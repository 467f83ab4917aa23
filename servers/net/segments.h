// What lwIP is not to see of the segments that come for a connection.
#pragma once

#include "lwip/err.h"

struct pbuf;
struct tcp_hdr;

namespace eft::net {

struct Live;

// The header is in the order of this machine. ERR_OK: lwIP goes on with it; another: it is dropped, and what is to be said about it
// has been said.
err_t check_segment(Live& live, tcp_hdr& header, pbuf& segment);

}  // namespace eft::net

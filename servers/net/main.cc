// net: TCP/IP, and the sockets of everybody.
#include "net/server.h"

#include <eft/run_server.h>

int eft_main() { eft::run_server<eft::net::Server>(eft::net::kLayoutVersion); }

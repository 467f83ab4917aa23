// @name@: the program around @name@.h.
#include "@name@.h"

#include <eft/run_server.h>

int eft_main() { eft::run_server<eft::@name@::Server>(eft::@name@::kLayoutVersion); }

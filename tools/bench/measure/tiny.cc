// The program whose life process.spawn_wait measures.
#include <eft/process.h>

int eft_main() { return 0; }

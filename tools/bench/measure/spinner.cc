// Below everybody else: never sleeps, so that the virtual clock does not jump while all others wait for a real disk.
#include <eft/process.h>

int eft_main() {
    eft::report_ready();
    for (;;) asm volatile("pause");
}

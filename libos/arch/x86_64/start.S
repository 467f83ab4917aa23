/* The first instructions of every program: rdi and rsi are what the supervisor passes.
 * Behind them, at fixed offsets from the entry point (see eft/layout.h), is where
 * `service kill NAME --signal hang|crash` sends a thread.
 */
        .section .text.start, "ax"
        .globl _start
_start: xorl    %ebp, %ebp
        andq    $-16, %rsp
        call    eft_start
        ud2
        .org    16
        jmp     .
        ud2

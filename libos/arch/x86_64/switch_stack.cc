// Two stacks of one thread (<eft/second_stack.h>). What a function must leave as it was lies on the stack that is left (System
// V ABI, AMD64, 3.2.1); floating point is not used. A Linux process on this processor needs the same.
//
// eft_begin_stack(u64* other, u64 top, void (*function)(void*), void* argument)
//     leaves this stack, whose pointer goes to *other, and calls the function on the one that ends at `top`; then takes the
//     stack that *other is of by then
// eft_switch_stack(u64* other)
//     leaves this stack for the one that *other is of, and the other way round
asm(R"(
        .macro  save
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .endm
        .macro  restore_and_return
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .endm

        .text
        .globl  eft_begin_stack
        .type   eft_begin_stack, @function
eft_begin_stack:
        save
        movq    %rsp, (%rdi)
        movq    %rdi, %rbx
        movq    %rsi, %rsp
        movq    %rcx, %rdi
        xorl    %ebp, %ebp              # a backtrace ends here
        call    *%rdx
        movq    (%rbx), %rsp
        restore_and_return
        .size   eft_begin_stack, . - eft_begin_stack

        .globl  eft_switch_stack
        .type   eft_switch_stack, @function
eft_switch_stack:
        save
        movq    (%rdi), %rax
        movq    %rsp, (%rdi)
        movq    %rax, %rsp
        restore_and_return
        .size   eft_switch_stack, . - eft_switch_stack

        .purgem save
        .purgem restore_and_return
)");

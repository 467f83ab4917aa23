/* probe_first, probe_system_call, probe_foreign, probe_spin, probe_fault: void(Image*), see probe.h. All registers are loaded, something is done that
 * enters the kernel, and all are stored. */
#define FPU 128
#define UPPER 640               /* the upper halves of YMM0 to YMM15, where programs may use them */
#define FAULT_ADDRESS 0x50000000

.macro skip_without_avx where
        xorl    %ecx, %ecx
        xgetbv
        testl   $4, %eax
        jz      \where
.endm

.macro load
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rdi
        fxrstor64 FPU(%rdi)
        skip_without_avx 8f
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vinsertf128 $1, UPPER+16*\n(%rdi), %ymm\n, %ymm\n
        .endr
8:
        movq    %rdi, %rax
        movq    8(%rax), %rbx
        movq    16(%rax), %rcx
        movq    24(%rax), %rdx
        movq    32(%rax), %rsi
        movq    40(%rax), %rdi
        movq    48(%rax), %rbp
        movq    56(%rax), %r8
        movq    64(%rax), %r9
        movq    72(%rax), %r10
        movq    80(%rax), %r11
        movq    88(%rax), %r12
        movq    96(%rax), %r13
        movq    104(%rax), %r14
        movq    112(%rax), %r15
        movq    (%rax), %rax
.endm

.macro store_fpu
        fxsave64 FPU(%rdi)
        skip_without_avx 9f
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vextractf128 $1, %ymm\n, UPPER+16*\n(%rdi)
        .endr
9:
.endm

.macro store
        pushq   %rax
        movq    8(%rsp), %rax
        popq    (%rax)
        movq    %rbx, 8(%rax)
        movq    %rcx, 16(%rax)
        movq    %rdx, 24(%rax)
        movq    %rsi, 32(%rax)
        movq    %rdi, 40(%rax)
        movq    %rbp, 48(%rax)
        movq    %r8, 56(%rax)
        movq    %r9, 64(%rax)
        movq    %r10, 72(%rax)
        movq    %r11, 80(%rax)
        movq    %r12, 88(%rax)
        movq    %r13, 96(%rax)
        movq    %r14, 104(%rax)
        movq    %r15, 112(%rax)
        movq    %rax, %rdi
        store_fpu
        popq    %rdi
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
.endm

        .text
        .globl probe_first, probe_system_call, probe_foreign, probe_spin, probe_fault
probe_first:                    /* what is there before anything was put there */
        store_fpu
        ret

probe_system_call:
        load
        syscall
        store

        .globl  foreign_back, foreign_handler, foreign_handler_end
probe_foreign:
        load
        syscall
foreign_back:
        store

/* What a foreign thread's system call comes to: all that is found is kept in foreign_seen, the kernel is called, as
 * only this code can, to make the thread an ordinary one, and the caller goes on with an answer in rax. */
foreign_handler:
        movq    %rsp, foreign_stack(%rip)
        leaq    foreign_seen(%rip), %rsp
        movq    %rax, (%rsp)
        movq    %rbx, 8(%rsp)
        movq    %rdx, 24(%rsp)
        movq    %rsi, 32(%rsp)
        movq    %rdi, 40(%rsp)
        movq    %rbp, 48(%rsp)
        movq    %r8, 56(%rsp)
        movq    %r9, 64(%rsp)
        movq    %r10, 72(%rsp)
        movq    %r12, 88(%rsp)
        movq    %r13, 96(%rsp)
        movq    %r14, 104(%rsp)
        movq    %r15, 112(%rsp)
        movq    %gs:4088, %rcx
        movq    %rcx, foreign_return(%rip)
        movq    foreign_self(%rip), %rdi
        movq    foreign_tag(%rip), %rsi
        xorl    %eax, %eax
        xorl    %r12d, %r12d
        syscall
        movq    %rax, foreign_status(%rip)
        leaq    foreign_seen(%rip), %rsp
        movq    8(%rsp), %rbx
        movq    24(%rsp), %rdx
        movq    32(%rsp), %rsi
        movq    40(%rsp), %rdi
        movq    56(%rsp), %r8
        movq    64(%rsp), %r9
        movq    72(%rsp), %r10
        movq    88(%rsp), %r12
        movq    96(%rsp), %r13
        movq    104(%rsp), %r14
        movq    112(%rsp), %r15
        movq    foreign_stack(%rip), %rsp
        movq    foreign_return(%rip), %rcx
        movl    $77, %eax
        jmp     *%rcx
foreign_handler_end:

probe_spin:
        load
1:      decq    spin_count(%rip)
        jnz     1b
        store

probe_fault:
        load
        movb    $1, FAULT_ADDRESS
        store

        .bss
        .balign 8
        .globl spin_count, foreign_seen, foreign_return, foreign_self, foreign_tag, foreign_status
spin_count:
        .skip   8
foreign_seen:
        .skip   128
foreign_stack:
        .skip   8
foreign_return:
        .skip   8
foreign_self:
        .skip   8
foreign_tag:
        .skip   8
foreign_status:
        .skip   8
        .section .note.GNU-stack, "", @progbits

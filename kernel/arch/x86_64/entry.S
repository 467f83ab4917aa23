/* Entry to and exit from the kernel.
 *
 * What a thread needs kept is stored in the thread itself: by interrupts and exceptions everything, by
 * the stack pointer in the TSS; by SYSCALL only what eft/abi/syscall.h does not declare lost. Then the
 * core's only kernel stack is used from its top: the kernel keeps nothing on it between two entries.
 * Interrupts are off in the kernel except while it idles, so an interrupt from kernel mode may throw the
 * stack away.
 *
 * The words of a message stay in r12 to r15, which C++ functions keep, from SYSCALL to SYSRET, unless
 * the general path has to store them.
 */
#define CURRENT 0       /* from the GS base, see local.h: the running thread */
#define STACK_TOP -16

#define REGISTERS 16    /* of Thread: its registers, and these in it */
#define R15 0
#define R14 8
#define R13 16
#define R12 24
#define RBP 32
#define RAX 80
#define RSI 104
#define RDI 112
#define VECTOR 120
#define RIP 136
#define RSP 160
#define FS_BASE 176
#define MESSAGE_PAGE 184

#define UTCB 208        /* of Thread: its message page, and who gets its system calls */
#define FOREIGN_MARK 216
#define FOREIGN_HANDLER 224
#define NATIVE_FIRST 232
#define NATIVE_SIZE 240
#define FOREIGN_RETURN 4088     /* of Utcb */

#define BY_SYSTEM_CALL 256
#define REPLY_RECV 1
#define FLAGS 0x202

        .text
.macro push_general
        pushq %rdi
        pushq %rsi
        pushq %rdx
        pushq %rcx
        pushq %rax
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        pushq %rbx
        pushq %rbp
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
.endm

/* Nothing of the kernel's may be left in these. */
.macro clear_lost
        xorl    %ebx, %ebx
        xorl    %edx, %edx
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
.endm

/* The mark of a foreign thread, bit 63, makes its numbers negative, and so like no system call of the kernel's; ORing the
 * others' zero does what a test would. All registers of a foreign call are still its own where it is found: r11 and rcx
 * are lost by SYSCALL.
 */
        .globl system_call_entry
        .balign 64
system_call_entry:
        swapgs
        movq    %gs:CURRENT, %r11
        movq    %rcx, REGISTERS+RIP(%r11)
        movq    %rsp, REGISTERS+RSP(%r11)
        movq    %rbp, REGISTERS+RBP(%r11)
        movq    %gs:STACK_TOP, %rsp
        orq     FOREIGN_MARK(%r11), %rax
        je      enter_call              /* (slot, tag) in rdi rsi */
        cmpq    $REPLY_RECV, %rax
        je      enter_reply_receive
        movq    %rax, %rcx
        jg      enter_system_call       /* (slot, tag, anything, number) */

        cmpq    $0, FOREIGN_MARK(%r11)
        je      enter_system_call       /* a number that nobody has */
        movq    REGISTERS+RIP(%r11), %rcx
        subq    $2, %rcx
        subq    NATIVE_FIRST(%r11), %rcx
        cmpq    NATIVE_SIZE(%r11), %rcx
        jb      1f
        movq    %rax, %rcx
        cmpq    $0, UTCB(%r11)
        je      enter_system_call
        movq    UTCB(%r11), %rsp
        movq    REGISTERS+RIP(%r11), %rcx
        movq    %rcx, FOREIGN_RETURN(%rsp)
        movq    FOREIGN_HANDLER(%r11), %rcx
        movq    REGISTERS+RSP(%r11), %rsp
        movl    $FLAGS, %r11d
        swapgs
        sysretq
1:      btrq    $63, %rax               /* the handler calls the kernel */
        testq   %rax, %rax
        je      enter_call
        cmpq    $REPLY_RECV, %rax
        je      enter_reply_receive
        movq    %rax, %rcx
        jmp     enter_system_call

/* The general path: (slot, tag, thread, number) in rdi rsi rdx rcx. The arguments go where the kernel's object
 * code finds them. */
.macro store_arguments
        movq    %rdi, REGISTERS+RDI(%rdx)
        movq    %rsi, REGISTERS+RSI(%rdx)
        movq    %r12, REGISTERS+R12(%rdx)
        movq    %r13, REGISTERS+R13(%rdx)
        movq    %r14, REGISTERS+R14(%rdx)
        movq    %r15, REGISTERS+R15(%rdx)
.endm
        .globl  general_system_call
general_system_call:
        movq    %rcx, REGISTERS+RAX(%rdx)
        store_arguments
        jmp     handle_general_call

/* (slot, tag, thread, capability) */
        .globl  general_invocation
general_invocation:
        movq    $0, REGISTERS+RAX(%rdx)
        store_arguments
        jmp     handle_general_invocation

/* The fast path ends here: (badge, tag, thread). Words beyond those of the message are zeroed; how
 * many it has is the tag's low half, which has neither capabilities nor flags here. */
        .globl  deliver_message
        .balign 16
deliver_message:
        testw   %si, %si
        jnz     2f
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
1:      movq    REGISTERS+RIP(%rdx), %rcx
        movq    REGISTERS+RSP(%rdx), %rsp
        movq    REGISTERS+RBP(%rdx), %rbp
        movq    REGISTERS+MESSAGE_PAGE(%rdx), %rax
        movl    $FLAGS, %r11d
        swapgs
        wrgsbase %rax
        xorl    %eax, %eax
        clear_lost
        sysretq
2:      cmpw    $4, %si
        jae     1b
        xorl    %r15d, %r15d
        cmpw    $3, %si
        je      1b
        xorl    %r14d, %r14d
        cmpw    $2, %si
        je      1b
        xorl    %r13d, %r13d
        jmp     1b

/* The end of a system call that took the general path: (registers) of the thread that made it. */
        .globl  resume_same
resume_same:
        swapgs
resume_by_sysret:
        movq    RAX(%rdi), %rax
        movq    R12(%rdi), %r12
        movq    R13(%rdi), %r13
        movq    R14(%rdi), %r14
        movq    R15(%rdi), %r15
        movq    RIP(%rdi), %rcx
        movq    RSP(%rdi), %rsp
        movq    RBP(%rdi), %rbp
        movq    RSI(%rdi), %rsi
        movq    RDI(%rdi), %rdi
        movl    $FLAGS, %r11d
        clear_lost
        sysretq

/* The same for one that succeeded without a message: (slot, tag, thread). */
        .globl  finish_at_once
finish_at_once:
        swapgs
        movq    REGISTERS+RIP(%rdx), %rcx
        movq    REGISTERS+RSP(%rdx), %rsp
        movq    REGISTERS+RBP(%rdx), %rbp
        movl    $FLAGS, %r11d
        xorl    %eax, %eax
        xorl    %edi, %edi
        xorl    %esi, %esi
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        clear_lost
        sysretq

/* To another thread, or to one that did not enter by SYSCALL: (registers). */
        .globl  resume_user
resume_user:
        movq    MESSAGE_PAGE(%rdi), %rax
        swapgs
        wrgsbase %rax
        cmpl    $BY_SYSTEM_CALL, VECTOR(%rdi)
        je      resume_by_sysret
        movq    %rdi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rax
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        movl    $BY_SYSTEM_CALL, (%rsp)
        addq    $16, %rsp
        iretq

/* boot.S comes here; start_kernel unmaps the low addresses that it ran at. */
        .globl enter_upper_half
enter_upper_half:
        call    start_kernel
        movq    %rax, %rdi
        jmp     resume_user

        .globl idle
idle:   movq    %gs:STACK_TOP, %rsp
1:      sti
        hlt
        jmp     1b

/* One stub of 8 bytes per vector; the address that its call leaves where the vector belongs tells which. */
        .balign 16
        .globl vector_stubs
vector_stubs:
        .set vector, 0
        .rept 256
        .balign 8
        .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
        .else
        pushq   $0
        .endif
        call    trap_entry
        .set vector, vector + 1
        .endr

.macro find_vector
        movq    VECTOR(%rsp), %rsi
        subq    $vector_stubs, %rsi
        shrq    $3, %rsi
        movq    %rsi, VECTOR(%rsp)
.endm

        .balign 8
trap_entry:
        testb   $3, 24(%rsp)
        jz      1f
        swapgs
        push_general
        find_vector
        movq    %gs:CURRENT, %rdi
        movq    %gs:STACK_TOP, %rsp
        jmp     enter_trap              /* (thread, vector) */
1:      /* from kernel mode: an interrupt that ends the idling, or a broken invariant */
        push_general
        find_vector
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    kernel_trap

/* A non-maskable interrupt means nothing here; it comes on a stack of its own and goes. */
        .globl nmi_entry
nmi_entry:
        iretq

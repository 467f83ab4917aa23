/* Entry to and exit from the kernel.
 *
 * A thread's user registers are stored in the thread itself: interrupts and exceptions do that by
 * the stack pointer in the TSS, SYSCALL by the code below. Then the core's only kernel stack is
 * used from its top: the kernel keeps nothing on it between two entries. Interrupts are off in the
 * kernel except while it idles, so an interrupt from kernel mode may throw the stack away.
 */
#define CORE 0
#define SCRATCH 8
#define FRAME_TOP 16
#define STACK_TOP 24
#define USER_DATA 0x1b
#define USER_CODE 0x23
#define BY_SYSTEM_CALL 256

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

        .globl system_call_entry
        .balign 16
system_call_entry:
        swapgs
        movq    %rsp, %gs:SCRATCH
        movq    %gs:FRAME_TOP, %rsp
        pushq   $USER_DATA
        pushq   %gs:SCRATCH
        pushq   %r11
        pushq   $USER_CODE
        pushq   %rcx
        pushq   $0
        pushq   $BY_SYSTEM_CALL
        push_general
        movq    %gs:STACK_TOP, %rsp
        movq    %gs:CORE, %rdi
        xorl    %ebp, %ebp
        call    enter_system_call
        /* falls through with the registers to resume in rax */

        .globl resume_user
resume_user:
        movq    %rax, %rsp
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
        cmpl    $BY_SYSTEM_CALL, (%rsp)
        jne     1f
        movq    16(%rsp), %rcx
        movq    32(%rsp), %r11
        movq    40(%rsp), %rsp
        swapgs
        sysretq
1:      addq    $16, %rsp
        swapgs
        iretq

/* boot.S comes here; start_kernel unmaps the low addresses that it ran at. */
        .globl enter_upper_half
enter_upper_half:
        call    start_kernel
        jmp     resume_user

        .globl idle
idle:   movq    %gs:STACK_TOP, %rsp
1:      sti
        hlt
        jmp     1b

/* One stub per vector brings the vector and an error code onto the stack. */
        .balign 16
        .globl vector_stubs
vector_stubs:
        .set vector, 0
        .rept 256
        .balign 16
        .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
        .else
        pushq   $0
        .endif
        pushq   $vector
        jmp     trap_entry
        .set vector, vector + 1
        .endr

trap_entry:
        testb   $3, 24(%rsp)
        jz      1f
        swapgs
        push_general
        movq    %rsp, %rsi
        movq    %gs:STACK_TOP, %rsp
        movq    %gs:CORE, %rdi
        xorl    %ebp, %ebp
        call    enter_trap
        jmp     resume_user
1:      /* from kernel mode: an interrupt that ends the idling, or a broken invariant */
        push_general
        movq    %rsp, %rsi
        movq    %gs:CORE, %rdi
        call    kernel_trap
        jmp     resume_user

/* A non-maskable interrupt means nothing here; it comes on a stack of its own and goes. */
        .globl nmi_entry
nmi_entry:
        iretq

/* From the loader to long mode in the upper half.
 *
 * Two ways in, both 32-bit, without paging, interrupts off:
 *   PVH (Xen's boot protocol for `qemu -kernel`): ebx = hvm_start_info
 *   multiboot2 (GRUB): eax = 0x36d76289, ebx = the information structure
 * The tables below map the first 4 GiB at 0 and (the first 1 GiB) at the image's base, everything
 * permitted; start.cc replaces them by the final ones before any user code runs.
 */
        .set IMAGE_BASE, 0xffffffff80000000
        .set PVH_MAGIC, 0x336ec578
        .set PRESENT_WRITABLE, 3
        .set LARGE_PAGE, 0x83
        .set CR4_BITS, 0x350660         /* PAE MCE OSFXSR OSXMMEXCPT FSGSBASE OSXSAVE SMEP SMAP */
        .set EFER, 0xc0000080
        .set EFER_BITS, 0x901           /* SCE LME NXE */
        .set CR0_BITS, 0x8001002a       /* PG WP NE TS MP: fpu.cc says who has floating point */

        .section .multiboot2, "a"
        .balign 8
header: .long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
        .balign 8
        .short 6, 0                     /* modules start on a page */
        .long 8
        .balign 8
        .short 0, 0
        .long 8
header_end:

        .section .note.pvh, "a", @note
        .balign 4
        .long 4, 8, 18                  /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .quad pvh_start

        .section .boot.text, "ax"
        .code32
        .globl multiboot_start, pvh_start
pvh_start:
        movl    $PVH_MAGIC, %eax
multiboot_start:
        cli
        cld
        movl    %eax, %edi
        movl    %ebx, %esi
        movl    $boot_stack_top, %esp
        rdtsc
        movl    %eax, entry_time_low
        movl    %edx, entry_time_high

        /* The processor must have what the kernel's protection rests on. */
        movl    $7, %eax
        xorl    %ecx, %ecx
        cpuid
        andl    $0x100081, %ebx         /* FSGSBASE SMEP SMAP */
        cmpl    $0x100081, %ebx
        jne     unsuitable
        movl    $1, %eax
        cpuid
        testl   $0x4000000, %ecx        /* XSAVE */
        jz      unsuitable
        movl    $0x80000001, %eax
        cpuid
        andl    $0x20100800, %edx       /* long mode, NX, SYSCALL */
        cmpl    $0x20100800, %edx
        jne     unsuitable

        movl    $(lower + PRESENT_WRITABLE), root
        movl    $(upper + PRESENT_WRITABLE), root + 511 * 8
        movl    $(large + PRESENT_WRITABLE), lower
        movl    $(large + 0x1000 + PRESENT_WRITABLE), lower + 8
        movl    $(large + 0x2000 + PRESENT_WRITABLE), lower + 16
        movl    $(large + 0x3000 + PRESENT_WRITABLE), lower + 24
        movl    $(large + PRESENT_WRITABLE), upper + 510 * 8
        movl    $LARGE_PAGE, %eax
        xorl    %ecx, %ecx
1:      movl    %eax, large(,%ecx,8)
        addl    $0x200000, %eax
        incl    %ecx
        cmpl    $2048, %ecx
        jne     1b

        movl    $root, %eax
        movl    %eax, %cr3
        movl    $7, %eax
        xorl    %ecx, %ecx
        cpuid
        andl    $4, %ecx                /* UMIP: SGDT and SIDT tell user mode no address, where there is one */
        shll    $9, %ecx
        orl     $CR4_BITS, %ecx
        movl    %ecx, %cr4
        movl    $EFER, %ecx
        rdmsr
        orl     $EFER_BITS, %eax
        wrmsr
        movl    %cr0, %eax
        andl    $~0x4, %eax             /* EM off: TS decides */
        orl     $CR0_BITS, %eax
        movl    %eax, %cr0
        lgdt    boot_descriptors
        ljmp    $8, $long_mode

unsuitable:
        movl    $unsuitable_text, %esi
2:      movb    (%esi), %al
        testb   %al, %al
        jz      4f
        movb    %al, %bl
        movw    $0x3fd, %dx
3:      inb     %dx, %al
        testb   $0x20, %al
        jz      3b
        movw    $0x3f8, %dx
        movb    %bl, %al
        outb    %al, %dx
        incl    %esi
        jmp     2b
4:      hlt
        jmp     4b

        .code64
long_mode:
        movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movabsq $kernel_stack_top, %rsp
        xorl    %ebp, %ebp
        movl    %edi, %edi
        movl    %esi, %esi
        movl    entry_time_high, %edx
        shlq    $32, %rdx
        movl    entry_time_low, %eax
        orq     %rax, %rdx
        movabsq $enter_upper_half, %rax
        jmp     *%rax

unsuitable_text:
        .asciz "eft: this processor lacks long mode, NX, SYSCALL, FSGSBASE, XSAVE, SMEP or SMAP\r\n"
        .balign 8
boot_segments:
        .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_descriptors:
        .short 23
        .long boot_segments, 0
entry_time_low: .long 0
entry_time_high: .long 0

        .section .boot.bss, "aw", @nobits
        .balign 4096
root:   .skip 4096
lower:  .skip 4096
upper:  .skip 4096
large:  .skip 16384
boot_stack: .skip 256
boot_stack_top:

        .section .bss
        .balign 4096
        .skip 16384
        .globl kernel_stack_top
kernel_stack_top:

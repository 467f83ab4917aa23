#include "boot_disk.h"

#include <stdexcept>

namespace eft::qemu {
namespace {

constexpr std::size_t kImageSize = 1 << 20;  // the firmware does not boot from a disk of a single sector
constexpr std::size_t kSignatureAt = 510;

// 16-bit code, loaded at 0000:7c00. COM1 is at 0x3f8, its line status register at 0x3fd. 0x604 is PM1a_CNT where QEMU's
// firmware puts it on q35; 0x2000 there is SLP_EN with type S5.
constexpr std::string_view kCode{
    "\x31\xc0"                  // 00     xor ax, ax
    "\x8e\xd8"                  // 02     mov ds, ax
    "\xfc"                      // 04     cld
    "\xbe\x47\x7c"              // 05     mov si, text
    "\xac"                      // 08 print: lodsb
    "\x84\xc0"                  // 09     test al, al
    "\x74\x06"                  // 0b     jz listen
    "\xba\xf8\x03"              // 0d     mov dx, 0x3f8
    "\xee"                      // 10     out dx, al
    "\xeb\xf5"                  // 11     jmp print
    "\xba\xfd\x03"              // 13 listen: mov dx, 0x3fd
    "\xec"                      // 16 poll: in al, dx
    "\xa8\x01"                  // 17     test al, 1
    "\x74\xfb"                  // 19     jz poll
    "\xba\xf8\x03"              // 1b     mov dx, 0x3f8
    "\xec"                      // 1e     in al, dx
    "\xee"                      // 1f     out dx, al
    "\x3c\x58"                  // 20     cmp al, 'X'
    "\x74\x0a"                  // 22     je exit
    "\x3c\x4f"                  // 24     cmp al, 'O'
    "\x74\x0f"                  // 26     je power_off
    "\x3c\x52"                  // 28     cmp al, 'R'
    "\x74\x14"                  // 2a     je reset
    "\xeb\xe5"                  // 2c     jmp listen
    "\x66\xb8\x10\x00\x00\x00"  // 2e exit: mov eax, 0x10
    "\x66\xe7\xf4"              // 34     out 0xf4, eax
    "\xba\x04\x06"              // 37 power_off: mov dx, 0x604
    "\xb8\x00\x20"              // 3a     mov ax, 0x2000
    "\xef"                      // 3d     out dx, ax
    "\xeb\xfe"                  // 3e     jmp $
    "\xb0\xfe"                  // 40 reset: mov al, 0xfe
    "\xe6\x64"                  // 42     out 0x64, al
    "\xf4"                      // 44     hlt
    "\xeb\xfe",                 // 45     jmp $
    0x47};

}  // namespace

std::string boot_disk(std::string_view text) {
    std::string image(kCode);
    image += text;
    if (image.size() >= kSignatureAt) throw std::runtime_error("the text does not fit into a boot sector");
    image.resize(kImageSize, '\0');
    image[kSignatureAt] = '\x55';
    image[kSignatureAt + 1] = '\xaa';
    return image;
}

}  // namespace eft::qemu

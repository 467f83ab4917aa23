#include "net/port.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/syscall.h>

#include "hooks.h"
#include "lwip/arch.h"
#include "lwip/sys.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace eft::net {
namespace {

EFT_PROCESS_LOCAL constinit u64 pool[2] = {0x6e65'7477'6f72'6b73, 0x6566'7420'6e65'7421};
EFT_PROCESS_LOCAL constinit u64 drawn = 0;
EFT_PROCESS_LOCAL constinit u64 sequence_secret[2] = {};

void round(u64 (&v)[4]) {
    v[0] += v[1], v[1] = std::rotl(v[1], 13), v[1] ^= v[0], v[0] = std::rotl(v[0], 32);
    v[2] += v[3], v[3] = std::rotl(v[3], 16), v[3] ^= v[2];
    v[0] += v[3], v[3] = std::rotl(v[3], 21), v[3] ^= v[0];
    v[2] += v[1], v[1] = std::rotl(v[1], 17), v[1] ^= v[2], v[2] = std::rotl(v[2], 32);
}

}  // namespace

u64 keyed_hash(const u64 (&key)[2], u64 first, u64 second, u64 third) {
    u64 v[4] = {key[0] ^ 0x736f'6d65'7073'6575, key[1] ^ 0x646f'7261'6e64'6f6d, key[0] ^ 0x6c79'6765'6e65'7261, key[1] ^ 0x7465'6462'7974'6573};
    const u64 words[] = {first, second, third, u64{24} << 56};
    for (const u64 word : words) {
        v[3] ^= word;
        round(v), round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; ++i) round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32 now_ms() { return static_cast<u32>(sys::time_stamp() / config().ticks_per_ms); }

void stir(u64 entropy) {
    const u64 first = keyed_hash(pool, entropy, sys::time_stamp(), 0);
    pool[1] = keyed_hash(pool, entropy, sys::time_stamp(), 1);
    pool[0] = first;
}
u64 random_number() { return keyed_hash(pool, ++drawn, sys::time_stamp(), 2); }

void set_secret(const u64 (&secret)[2]) { std::copy_n(secret, 2, sequence_secret); }

u32 first_sequence(const Ends& ends) {
    constexpr u32 kPerMs = 250;  // a count each 4 microseconds
    const u64 names = keyed_hash(sequence_secret, ends.local.high, ends.local.low, u64{ends.local_port} << 16 | ends.peer_port);
    return static_cast<u32>(keyed_hash(sequence_secret, ends.peer.high, ends.peer.low, names)) + now_ms() * kPerMs;
}

}  // namespace eft::net

using namespace eft;

extern "C" {

u32_t sys_now(void) { return net::now_ms(); }

uint32_t eft_net_random(void) { return static_cast<uint32_t>(net::random_number()); }
uint32_t eft_net_first_sequence(const ip_addr_t* local, uint16_t local_port, const ip_addr_t* remote, uint16_t remote_port) {
    return net::first_sequence({net::address_of(*local), net::address_of(*remote), local_port, remote_port});
}

void eft_net_failed(const char* what) { panic(what); }

void* eft_net_allocate(size_t size) { return std::malloc(size); }
void* eft_net_allocate_cleared(size_t count, size_t size) { return std::calloc(count, size); }
void eft_net_free(void* block) { std::free(block); }

}  // extern "C"

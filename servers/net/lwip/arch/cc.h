/* What lwIP asks of the machine and the C library. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_UNISTD_H 1
#define SSIZE_MAX INT64_MAX
typedef ptrdiff_t ssize_t;

#ifdef __cplusplus
extern "C" {
#endif
void eft_net_failed(const char* what) __attribute__((noreturn));
uint32_t eft_net_random(void);
void* eft_net_allocate(size_t size);
void* eft_net_allocate_cleared(size_t count, size_t size);
void eft_net_free(void* block);
/* The ones' complement sum of `size` bytes as it stands in memory, folded to 16 bits and not inverted. */
uint16_t eft_net_checksum(const void* data, int size);
#ifdef __cplusplus
}
#endif

#define LWIP_PLATFORM_DIAG(message) do { } while (0)
#define LWIP_PLATFORM_ASSERT(message) eft_net_failed(message)
#define LWIP_RAND() eft_net_random()

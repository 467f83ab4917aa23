/* How Eft configures lwIP: one thread, the raw interface, no sockets of lwIP's.
 *
 * Memory comes from the process's heap, so the numbers of things are bounded by its user's own tables and quota, and not
 * here. */
#pragma once

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 16
#define mem_clib_malloc eft_net_allocate
#define mem_clib_calloc eft_net_allocate_cleared
#define mem_clib_free eft_net_free

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0 /* a second before the first connection; who gives addresses away asks himself (RFC 2131, 2.2) */
#define LWIP_DNS 1
#define LWIP_RAW 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_IGMP 1
#define LWIP_IPV6_MLD 1
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 256

/* TCP: windows of 256 KiB, which need scaling; RFC 7323 time stamps; SACK where lwIP has it, in what is received. */
#define TCP_MSS 1460
#define TCP_WND (256 * 1024)
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 3
#define TCP_SND_BUF (256 * 1024)
#define TCP_SND_QUEUELEN 4096
#define MEMP_NUM_TCP_SEG 4096
#define TCP_SNDLOWAT (32 * 1024)
#define TCP_OVERSIZE 0
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) eft_net_most_kept(pcb) /* hooks.h */
#define LWIP_TCP_TIMESTAMPS 1
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_MAX_SACK_NUM 4
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 255
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
#define SO_REUSE 1
#define TCP_CALCULATE_EFF_SEND_MSS 1

#define IP_REASSEMBLY 1
#define IPV6_FRAG_COPYHEADER 1 /* pointers of 64 bits */
#define IP_REASS_MAX_PBUFS 64
#define LWIP_ICMP 1
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 256 /* a new incarnation sends all that is not acknowledged before it knows its neighbours */
#define DNS_MAX_NAME_LENGTH 256
#define DNS_TABLE_SIZE 16
#define LWIP_DNS_SECURE 7 /* RFC 5452: random transaction, random port, one question for a name at a time */

#define LWIP_STATS 1
#define LWIP_NETIF_TX_SINGLE_PBUF 0
#define LWIP_NO_CTYPE_H 1

#define LWIP_CHKSUM eft_net_checksum
#define LWIP_HOOK_FILENAME "hooks.h"

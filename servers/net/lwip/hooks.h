/* Where lwIP says what it does with TCP. Whoever links it has these functions. */
#pragma once

#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"

#ifdef __cplusplus
extern "C" {
#endif
struct tcp_hdr;
struct tcp_pcb;
/* The first sequence number of a connection that begins. */
uint32_t eft_net_first_sequence(const ip_addr_t* local, uint16_t local_port, const ip_addr_t* remote, uint16_t remote_port);
/* A segment has come for a connection or a listener; the header is in the order of this machine. ERR_OK: go on; another: it is
 * dropped. */
err_t eft_net_segment_in(struct tcp_pcb* pcb, struct tcp_hdr* header, struct pbuf* segment);
/* A segment is about to be made or sent. Answers `length`. */
uint8_t eft_net_segment_out(const struct tcp_pcb* pcb, uint8_t length);
/* Bytes of a segment have been taken in, in order, and are to be acknowledged: TF_ACK_DELAY, or TF_ACK_NOW. */
void eft_net_acknowledge(struct tcp_pcb* pcb);
/* How many pieces of frames may be kept that came out of order. */
uint16_t eft_net_most_kept(const struct tcp_pcb* pcb);
#ifdef __cplusplus
}
#endif

#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) eft_net_first_sequence(local, local_port, remote, remote_port)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, first, second, segment) eft_net_segment_in(pcb, header, segment)
#define LWIP_HOOK_TCP_OUT_TCPOPT_LENGTH(pcb, length) eft_net_segment_out(pcb, length)
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(segment, header, pcb, options) (options)

/* Whether bytes are sent that would wait until the ones before them are acknowledged (Nagle): also with an acknowledgement that is
 * due, which lwIP would keep back with them. */
#ifdef tcp_do_output_nagle
static inline int eft_net_sends(const struct tcp_pcb* pcb) { return tcp_do_output_nagle(pcb) || (pcb->flags & TF_ACK_NOW) != 0; }
#undef tcp_do_output_nagle
#define tcp_do_output_nagle(pcb) eft_net_sends(pcb)
#endif

#undef tcp_ack
#define tcp_ack(pcb) eft_net_acknowledge(pcb)

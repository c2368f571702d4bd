/*
 * net/wire: numbered UDP and TCP channels. c-ares takes them for sockets; the clock asks over one.
 *
 * UDP leaves from a port of its own, drawn at random for each wire: with the query's id that is
 * what a forger would have to guess (RFC 5452). TCP is one of this room's streams.
 *
 * Memory: a fixed table; at most four datagrams wait on a wire. Not for other rooms.
 */
#ifndef SP_NET_WIRE_H
#define SP_NET_WIRE_H

#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>

#define SP_WIRES 13

/* A wire's number, or SP_E_MEMORY. */
int sp_wire_open(bool tcp);
void sp_wire_close(int wire);
/* 0, SP_E_AGAIN while TCP connects, SP_E_UNREACHABLE, SP_E_MEMORY. */
int sp_wire_connect(int wire, const struct sp_addr *addr, uint16_t port);
/* Bytes taken, SP_E_AGAIN, an error. */
int sp_wire_send(int wire, const void *buf, size_t n);
/* Bytes, of one datagram with UDP; 0 when TCP's peer has ended; SP_E_AGAIN, an error. */
int sp_wire_receive(int wire, void *buf, size_t n);
/* The other end, family 0 before connecting. */
const struct sp_addr *sp_wire_peer(int wire);
/* Whether receive, or send, is worth a try. */
bool sp_wire_readable(int wire);
bool sp_wire_writable(int wire);

#endif

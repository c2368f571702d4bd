/*
 * sp_port: what the third-party libraries get in place of an operating system.
 *
 * Their config headers lead clock, randomness, memory and assertions here; base/port.c leads them
 * on to the board's hal tables (sp_port_bind). Nothing in firmware/ reads a clock or draws
 * randomness another way, so that a test owns both.
 */
#ifndef SP_PORT_H
#define SP_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Milliseconds since start. */
uint64_t sp_port_mono_ms(void);
/* Seconds since 1970; 0 while the time of day is not known. */
int64_t sp_port_utc_s(void);
/* Output of the firmware's random generator. 0, or a negative sp_err. */
int sp_port_random(void *p, size_t n);
/* Raw entropy of the board, for seeding the generator. 0, or a negative sp_err. */
int sp_port_entropy(void *p, size_t n);

/* Bounded pools, one a library; the high-water marks are in base/port.h. */
void *sp_port_tls_calloc(size_t n, size_t size);
void sp_port_tls_free(void *p);
void *sp_port_dns_malloc(size_t n);
void *sp_port_dns_realloc(void *p, size_t n);
void sp_port_dns_free(void *p);
void *sp_port_json_malloc(size_t n);
void sp_port_json_free(void *p);

/* Logs and resets the board. */
void sp_port_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif

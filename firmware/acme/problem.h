/*
 * acme/problem: what went wrong, in one sentence for the operator.
 *
 * The sentence is: what happened, the CA's own words (detail), what to do. A long detail is cut so
 * that the rest always stands whole. Pure functions apart from the JSON pool.
 */
#ifndef SP_ACME_PROBLEM_H
#define SP_ACME_PROBLEM_H

#include "acme/acme.h"

struct cJSON;

/* Reads a problem document (RFC 7807, RFC 8555 6.7): type, detail with the subproblems' details,
 * and the URL that it points to (instance, or one that stands in the detail). Whatever is missing
 * stays empty; NULL is harmless. */
void sp_acme_problem_read(const struct cJSON *document, struct sp_acme_problem *problem);
/* The same from an answer's body, and its status. A body that is no problem document leaves the
 * type empty and says the status. */
void sp_acme_problem_answer(struct sp_span body, int status, struct sp_acme_problem *problem);
bool sp_acme_problem_is(const struct sp_acme_problem *problem, const char *type);
/* Whether an answer's body is a problem of that type. */
bool sp_acme_problem_names(struct sp_span body, const char *type);

/* Fills sentence and error of a problem that the CA reported. host: the host of the order, "" when
 * there is none. validation: it is the result of a validation, not of a request. */
void sp_acme_problem_explain(struct sp_acme_problem *problem, const char *host, bool validation);

/* A request to the CA got no answer: err, stage and words from the HTTP client. ca: the CA's host.
 */
void sp_acme_problem_unanswered(struct sp_acme_problem *problem, int err, const char *stage,
                                const char *words, const char *ca);

/* Our own finding: what happened, and what to do ("" when nothing can be). {host} in either stands
 * for host; problem->detail, when not empty, is put between them. */
void sp_acme_problem_say(struct sp_acme_problem *problem, int err, const char *what,
                         const char *remedy, const char *host);

#endif

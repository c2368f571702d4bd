/*
 * console/show: the parts of `domain show`; the domain is loaded (sp_job_load_domain) before the
 * first.
 */
#ifndef SP_CONSOLE_SHOW_H
#define SP_CONSOLE_SHOW_H

#include "console/job.h"

/* Members that `status` and `domain show` have in common: the domain, its state, what comes next.
 */
void sp_show_json_domain(struct sp_out *out, const struct sealpost_domain *domain);
enum sp_part sp_show_json_state(struct sp_job *job);
enum sp_part sp_show_json_policy(struct sp_job *job);
enum sp_part sp_show_json_policy_text(struct sp_job *job);
enum sp_part sp_show_json_rua(struct sp_job *job);
enum sp_part sp_show_json_change(struct sp_job *job);
enum sp_part sp_show_json_left(struct sp_job *job);
enum sp_part sp_show_json_publishing(struct sp_job *job);
enum sp_part sp_show_json_account(struct sp_job *job);
enum sp_part sp_show_text_state(struct sp_job *job);
enum sp_part sp_show_text_change(struct sp_job *job);
enum sp_part sp_show_text_mx(struct sp_job *job);
enum sp_part sp_show_text_left(struct sp_job *job);
enum sp_part sp_show_text_rua(struct sp_job *job);
enum sp_part sp_show_text_publishing(struct sp_job *job);
enum sp_part sp_show_text_policy(struct sp_job *job);

#endif

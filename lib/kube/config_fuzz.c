/* Kubeconfigs and the answers of credential plugins: whatever comes, it is taken or refused. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/kube/kube_auth.h"
#include "lib/kube/kube_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct kube_config *c = NULL;
    struct kube_credential cred = {0};
    struct err err = {0};

    if (kube_config_parse(&c, "input", "/nowhere", data, n, NULL, &err) == 0) {
        if (!kube_config_server(c)[0] || !kube_config_namespace(c)[0])
            abort();
        kube_config_free(c);
    } else if (err.code == RPC_OK || !err.msg[0]) {
        abort();
    }
    if (kube_credential_parse(&cred, (const char *)data, n, &err) == 0 && !cred.token && !cred.cert)
        abort();
    kube_credential_done(&cred);
    return 0;
}

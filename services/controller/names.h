#pragma once
/*
 * Every word of the contract in one place: groups, labels, annotations, reasons (reference,
 * "Label and annotation registry" and the condition tables). Words that are ours alone begin with
 * "agentsandbox.dev/".
 */

#define GROUP_CORE "agents.x-k8s.io"
#define GROUP_EXT  "extensions.agents.x-k8s.io"
#define API_CORE   GROUP_CORE "/v1beta1"
#define API_EXT    GROUP_EXT "/v1beta1"

#define KIND_SANDBOX  "Sandbox"
#define KIND_CLAIM    "SandboxClaim"
#define KIND_TEMPLATE "SandboxTemplate"
#define KIND_POOL     "SandboxWarmPool"
#define KIND_POD      "Pod"
#define KIND_EVENT    "Event"

/* only in a cluster */
#define KIND_SERVICE "Service"
#define KIND_PVC     "PersistentVolumeClaim"
#define KIND_POLICY  "NetworkPolicy"
#define API_POLICY   "networking.k8s.io/v1"

/* labels */
#define L_NAME_HASH         "agents.x-k8s.io/sandbox-name-hash"
#define L_WARM_POOL         "agents.x-k8s.io/warm-pool-sandbox"
#define L_TEMPLATE_REF_HASH "agents.x-k8s.io/sandbox-template-ref-hash"
#define L_TEMPLATE_HASH     "agents.x-k8s.io/sandbox-template-hash"
#define L_POD_TEMPLATE_HASH "agents.x-k8s.io/sandbox-pod-template-hash"
#define L_LAUNCH_TYPE       "agents.x-k8s.io/launch-type"
#define L_CREATED_BY        "agents.x-k8s.io/created-by"
#define L_CLAIM_UID         "agents.x-k8s.io/claim-uid"
#define L_ADOPTABLE         "agents.x-k8s.io/adoptable"
#define L_SANDBOX_NAME      "agents.x-k8s.io/sandbox-name" /* legacy, on claims */

/* annotations */
#define A_POD_NAME               "agents.x-k8s.io/pod-name"
#define A_TEMPLATE_REF           "agents.x-k8s.io/sandbox-template-ref"
#define A_PROPAGATED_LABELS      "agents.x-k8s.io/propagated-labels"
#define A_PROPAGATED_ANNOTATIONS "agents.x-k8s.io/propagated-annotations"
#define A_SANDBOX_NAME           "agents.x-k8s.io/sandbox-name"
#define A_FIRST_OBSERVED         "agents.x-k8s.io/controller-first-observed-at"
#define A_FIRST_READY            "agents.x-k8s.io/claim-first-ready-at"
#define A_WEBHOOK_OBSERVED       "agents.x-k8s.io/webhook-first-observed-at"
#define A_CLAIM_STATE_V1ALPHA1   "api.agents.x-k8s.io/v1alpha1-sandboxclaim-state"
#define A_CLIENT_REQUESTED       "agents.x-k8s.io/client-first-requested-at"
#define A_TRACE                  "opentelemetry.io/trace-context"
#define A_SAFE_TO_EVICT          "cluster-autoscaler.kubernetes.io/safe-to-evict"

/* ours */
#define A_INSTANCE_ID         "agentsandbox.dev/instance-id" /* Pod: written before the node is called  */
#define A_GENERATION          "agentsandbox.dev/generation" /* Pod: of its route                       */
#define A_POD_IP              "agentsandbox.dev/pod-ip" /* Pod: the address reserved for it        */
#define A_APPLIED_LABELS      "agentsandbox.dev/applied-labels" /* keys that Apply has set */
#define A_APPLIED_ANNOTATIONS "agentsandbox.dev/applied-annotations"
#define A_REQUEST_ID          "agentsandbox.dev/request-id" /* claim: who asked and with which id      */
#define A_SPEC_HASH           "agentsandbox.dev/spec-hash" /* claim: of the spec as first asked for   */
#define A_KEEP_IF_READY_BY    "agentsandbox.dev/keep-if-ready-by" /* claim: delete_on_failure      */

/* condition types */
#define C_READY         "Ready"
#define C_FINISHED      "Finished"
#define C_SUSPENDED     "Suspended"
#define C_POD_SCHEDULED "PodScheduled"

/* reasons of conditions */
#define R_SANDBOX_EXPIRED       "SandboxExpired"
#define R_CLAIM_EXPIRED         "ClaimExpired"
#define R_TEMPLATE_NOT_FOUND    "TemplateNotFound"
#define R_POOL_NOT_FOUND        "WarmPoolNotFound"
#define R_CREATE_PENDING        "SandboxCreatePending"
#define R_INVALID_METADATA      "InvalidMetadata"
#define R_ENV_REJECTED          "EnvVarsInjectionRejected"
#define R_VOLUMES_ERROR         "VolumeClaimTemplatesError"
#define R_ADOPTION_CONFLICT     "AdoptionConflict"
#define R_INVALID_CONFIGURATION "InvalidConfiguration" /* the API server refuses a child: 422 */
#define R_RECONCILER_ERROR      "ReconcilerError"
#define R_NOT_OWNED             "NotOwned" /* inner: never shown as a reason */

#define SHADOW_POOL_PREFIX "shadow-pool-"

/* The reason word of a pod that ended without its node knowing why. */
#define POD_REASON_LOST "SandboxLost"

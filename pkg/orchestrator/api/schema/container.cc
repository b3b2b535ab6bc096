// Containers: ports, environment, probes, resources, security (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kLocalObjectReferenceFields[] = {
    str("name", 1),
};
constinit const Schema kLocalObjectReference = {.id = "io.k8s.api.core.v1.LocalObjectReference",
                                                .name = "LocalObjectReference",
                                                .fields = kLocalObjectReferenceFields,
                                                .is_map_atomic = true};

constexpr Field kObjectFieldSelectorFields[] = {
    str("apiVersion", 1).def("\"v1\""),
    str("fieldPath", 2).always().required(),
};
constinit const Schema kObjectFieldSelector = {.id = "io.k8s.api.core.v1.ObjectFieldSelector",
                                               .name = "ObjectFieldSelector",
                                               .fields = kObjectFieldSelectorFields,
                                               .is_map_atomic = true};

constexpr Field kResourceFieldSelectorFields[] = {
    str("containerName", 1),
    str("resource", 2).always().required(),
    quantity("divisor", 3).def("\"0\""),
};
constinit const Schema kResourceFieldSelector = {.id = "io.k8s.api.core.v1.ResourceFieldSelector",
                                                 .name = "ResourceFieldSelector",
                                                 .fields = kResourceFieldSelectorFields,
                                                 .is_map_atomic = true};

constexpr Field kContainerPortFields[] = {
    str("name", 1),
    i32("hostPort", 2),
    i32("containerPort", 3).always().required(),
    str("protocol", 4).go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP"),
    str("hostIP", 5),
};
constinit const Schema kContainerPort = {
    .id = "io.k8s.api.core.v1.ContainerPort", .name = "ContainerPort", .fields = kContainerPortFields};

constexpr Field kConfigMapEnvSourceFields[] = {
    inlined(1, kLocalObjectReference),
    boolean("optional", 2).pointer(),
};
constinit const Schema kConfigMapEnvSource = {
    .id = "io.k8s.api.core.v1.ConfigMapEnvSource", .name = "ConfigMapEnvSource", .fields = kConfigMapEnvSourceFields};

constexpr Field kSecretEnvSourceFields[] = {
    inlined(1, kLocalObjectReference),
    boolean("optional", 2).pointer(),
};
constinit const Schema kSecretEnvSource = {
    .id = "io.k8s.api.core.v1.SecretEnvSource", .name = "SecretEnvSource", .fields = kSecretEnvSourceFields};

constexpr Field kEnvFromSourceFields[] = {
    str("prefix", 1),
    obj("configMapRef", 2, kConfigMapEnvSource).pointer(),
    obj("secretRef", 3, kSecretEnvSource).pointer(),
};
constinit const Schema kEnvFromSource = {
    .id = "io.k8s.api.core.v1.EnvFromSource", .name = "EnvFromSource", .fields = kEnvFromSourceFields};

constexpr Field kConfigMapKeySelectorFields[] = {
    inlined(1, kLocalObjectReference),
    str("key", 2).always().required(),
    boolean("optional", 3).pointer(),
};
constinit const Schema kConfigMapKeySelector = {.id = "io.k8s.api.core.v1.ConfigMapKeySelector",
                                                .name = "ConfigMapKeySelector",
                                                .fields = kConfigMapKeySelectorFields,
                                                .is_map_atomic = true};

constexpr Field kSecretKeySelectorFields[] = {
    inlined(1, kLocalObjectReference),
    str("key", 2).always().required(),
    boolean("optional", 3).pointer(),
};
constinit const Schema kSecretKeySelector = {.id = "io.k8s.api.core.v1.SecretKeySelector",
                                             .name = "SecretKeySelector",
                                             .fields = kSecretKeySelectorFields,
                                             .is_map_atomic = true};

constexpr Field kEnvVarSourceFields[] = {
    obj("fieldRef", 1, kObjectFieldSelector).pointer(),
    obj("resourceFieldRef", 2, kResourceFieldSelector).pointer(),
    obj("configMapKeyRef", 3, kConfigMapKeySelector).pointer(),
    obj("secretKeyRef", 4, kSecretKeySelector).pointer(),
};
constinit const Schema kEnvVarSource = {
    .id = "io.k8s.api.core.v1.EnvVarSource", .name = "EnvVarSource", .fields = kEnvVarSourceFields};

constexpr Field kEnvVarFields[] = {
    str("name", 1).always().required(),
    str("value", 2),
    obj("valueFrom", 3, kEnvVarSource).pointer(),
};
constinit const Schema kEnvVar = {.id = "io.k8s.api.core.v1.EnvVar", .name = "EnvVar", .fields = kEnvVarFields};

constexpr Field kResourceClaimFields[] = {
    str("name", 1).always().required(),
    str("request", 2),
};
constinit const Schema kResourceClaim = {
    .id = "io.k8s.api.core.v1.ResourceClaim", .name = "ResourceClaim", .fields = kResourceClaimFields};

constexpr Field kResourceRequirementsFields[] = {
    quantity("limits", 1).map().go("v1.ResourceList"),
    quantity("requests", 2).map().go("v1.ResourceList"),
    obj("claims", 3, kResourceClaim).list().keyed("name"),
};
constinit const Schema kResourceRequirements = {.id = "io.k8s.api.core.v1.ResourceRequirements",
                                                .name = "ResourceRequirements",
                                                .fields = kResourceRequirementsFields};

constexpr Field kContainerResizePolicyFields[] = {
    str("resourceName", 1).always().required().go("v1.ResourceName"),
    str("restartPolicy", 2).always().required().go("v1.ResourceResizeRestartPolicy"),
};
constinit const Schema kContainerResizePolicy = {.id = "io.k8s.api.core.v1.ContainerResizePolicy",
                                                 .name = "ContainerResizePolicy",
                                                 .fields = kContainerResizePolicyFields};

constexpr Field kVolumeMountFields[] = {
    str("name", 1).always().required(),
    boolean("readOnly", 2),
    str("recursiveReadOnly", 7).pointer().go("v1.RecursiveReadOnlyMode"),
    str("mountPath", 3).always().required(),
    str("subPath", 4),
    str("mountPropagation", 5).pointer().go("v1.MountPropagationMode").one_of("Bidirectional|HostToContainer|None"),
    str("subPathExpr", 6),
};
constinit const Schema kVolumeMount = {
    .id = "io.k8s.api.core.v1.VolumeMount", .name = "VolumeMount", .fields = kVolumeMountFields};

constexpr Field kVolumeDeviceFields[] = {
    str("name", 1).always().required(),
    str("devicePath", 2).always().required(),
};
constinit const Schema kVolumeDevice = {
    .id = "io.k8s.api.core.v1.VolumeDevice", .name = "VolumeDevice", .fields = kVolumeDeviceFields};

constexpr Field kExecActionFields[] = {
    str("command", 1).list().atomic(),
};
constinit const Schema kExecAction = {
    .id = "io.k8s.api.core.v1.ExecAction", .name = "ExecAction", .fields = kExecActionFields};

constexpr Field kHTTPHeaderFields[] = {
    str("name", 1).always().required(),
    str("value", 2).always().required(),
};
constinit const Schema kHTTPHeader = {
    .id = "io.k8s.api.core.v1.HTTPHeader", .name = "HTTPHeader", .fields = kHTTPHeaderFields};

constexpr Field kHTTPGetActionFields[] = {
    str("path", 1).def("\"/\""),
    int_or_string("port", 2).always().required(),
    str("host", 3),
    str("scheme", 4).go("v1.URIScheme").def("\"HTTP\"").one_of("HTTP|HTTPS"),
    obj("httpHeaders", 5, kHTTPHeader).list().atomic(),
};
constinit const Schema kHTTPGetAction = {
    .id = "io.k8s.api.core.v1.HTTPGetAction", .name = "HTTPGetAction", .fields = kHTTPGetActionFields};

constexpr Field kTCPSocketActionFields[] = {
    int_or_string("port", 1).always().required(),
    str("host", 2),
};
constinit const Schema kTCPSocketAction = {
    .id = "io.k8s.api.core.v1.TCPSocketAction", .name = "TCPSocketAction", .fields = kTCPSocketActionFields};

constexpr Field kGRPCActionFields[] = {
    i32("port", 1).always().required(),
    str("service", 2).pointer().always().def("\"\""),
};
constinit const Schema kGRPCAction = {
    .id = "io.k8s.api.core.v1.GRPCAction", .name = "GRPCAction", .fields = kGRPCActionFields};

constexpr Field kProbeHandlerFields[] = {
    obj("exec", 1, kExecAction).pointer(),
    obj("httpGet", 2, kHTTPGetAction).pointer(),
    obj("tcpSocket", 3, kTCPSocketAction).pointer(),
    obj("grpc", 4, kGRPCAction).pointer(),
};
constinit const Schema kProbeHandler = {
    .id = "io.k8s.api.core.v1.ProbeHandler", .name = "ProbeHandler", .fields = kProbeHandlerFields};

constexpr Field kProbeFields[] = {
    inlined(1, kProbeHandler),
    i32("initialDelaySeconds", 2),
    i32("timeoutSeconds", 3).def("1"),
    i32("periodSeconds", 4).def("10"),
    i32("successThreshold", 5).def("1"),
    i32("failureThreshold", 6).def("3"),
    i64("terminationGracePeriodSeconds", 7).pointer(),
};
constinit const Schema kProbe = {.id = "io.k8s.api.core.v1.Probe", .name = "Probe", .fields = kProbeFields};

constexpr Field kSleepActionFields[] = {
    i64("seconds", 1).always().required(),
};
constinit const Schema kSleepAction = {
    .id = "io.k8s.api.core.v1.SleepAction", .name = "SleepAction", .fields = kSleepActionFields};

constexpr Field kLifecycleHandlerFields[] = {
    obj("exec", 1, kExecAction).pointer(),
    obj("httpGet", 2, kHTTPGetAction).pointer(),
    obj("tcpSocket", 3, kTCPSocketAction).pointer(),
    obj("sleep", 4, kSleepAction).pointer(),
};
constinit const Schema kLifecycleHandler = {
    .id = "io.k8s.api.core.v1.LifecycleHandler", .name = "LifecycleHandler", .fields = kLifecycleHandlerFields};

constexpr Field kLifecycleFields[] = {
    obj("postStart", 1, kLifecycleHandler).pointer(),
    obj("preStop", 2, kLifecycleHandler).pointer(),
};
constinit const Schema kLifecycle = {
    .id = "io.k8s.api.core.v1.Lifecycle", .name = "Lifecycle", .fields = kLifecycleFields};

constexpr Field kCapabilitiesFields[] = {
    str("add", 1).list().atomic().go("v1.Capability"),
    str("drop", 2).list().atomic().go("v1.Capability"),
};
constinit const Schema kCapabilities = {
    .id = "io.k8s.api.core.v1.Capabilities", .name = "Capabilities", .fields = kCapabilitiesFields};

constexpr Field kSELinuxOptionsFields[] = {
    str("user", 1),
    str("role", 2),
    str("type", 3),
    str("level", 4),
};
constinit const Schema kSELinuxOptions = {
    .id = "io.k8s.api.core.v1.SELinuxOptions", .name = "SELinuxOptions", .fields = kSELinuxOptionsFields};

constexpr Field kWindowsSecurityContextOptionsFields[] = {
    str("gmsaCredentialSpecName", 1).pointer(),
    str("gmsaCredentialSpec", 2).pointer(),
    str("runAsUserName", 3).pointer(),
    boolean("hostProcess", 4).pointer(),
};
constinit const Schema kWindowsSecurityContextOptions = {.id = "io.k8s.api.core.v1.WindowsSecurityContextOptions",
                                                         .name = "WindowsSecurityContextOptions",
                                                         .fields = kWindowsSecurityContextOptionsFields};

constexpr Field kSeccompProfileFields[] = {
    str("type", 1).always().required().go("v1.SeccompProfileType").one_of("Localhost|RuntimeDefault|Unconfined"),
    str("localhostProfile", 2).pointer(),
};
constinit const Schema kSeccompProfile = {
    .id = "io.k8s.api.core.v1.SeccompProfile", .name = "SeccompProfile", .fields = kSeccompProfileFields};

constexpr Field kAppArmorProfileFields[] = {
    str("type", 1).always().required().go("v1.AppArmorProfileType").one_of("Localhost|RuntimeDefault|Unconfined"),
    str("localhostProfile", 2).pointer(),
};
constinit const Schema kAppArmorProfile = {
    .id = "io.k8s.api.core.v1.AppArmorProfile", .name = "AppArmorProfile", .fields = kAppArmorProfileFields};

constexpr Field kSecurityContextFields[] = {
    obj("capabilities", 1, kCapabilities).pointer(),
    boolean("privileged", 2).pointer(),
    obj("seLinuxOptions", 3, kSELinuxOptions).pointer(),
    obj("windowsOptions", 10, kWindowsSecurityContextOptions).pointer(),
    i64("runAsUser", 4).pointer(),
    i64("runAsGroup", 8).pointer(),
    boolean("runAsNonRoot", 5).pointer(),
    boolean("readOnlyRootFilesystem", 6).pointer(),
    boolean("allowPrivilegeEscalation", 7).pointer(),
    str("procMount", 9).pointer().go("v1.ProcMountType").one_of("Default|Unmasked"),
    obj("seccompProfile", 11, kSeccompProfile).pointer(),
    obj("appArmorProfile", 12, kAppArmorProfile).pointer(),
};
constinit const Schema kSecurityContext = {
    .id = "io.k8s.api.core.v1.SecurityContext", .name = "SecurityContext", .fields = kSecurityContextFields};

constexpr Field kContainerFields[] = {
    str("name", 1).always().required(),
    str("image", 2),
    str("command", 3).list().atomic(),
    str("args", 4).list().atomic(),
    str("workingDir", 5),
    obj("ports", 6, kContainerPort).list().keyed("containerPort,protocol").merge("containerPort"),
    obj("envFrom", 19, kEnvFromSource).list().atomic(),
    obj("env", 7, kEnvVar).list().keyed("name").merge("name"),
    obj("resources", 8, kResourceRequirements).def("{}"),
    obj("resizePolicy", 23, kContainerResizePolicy).list().atomic(),
    str("restartPolicy", 24).pointer().go("v1.ContainerRestartPolicy"),
    obj("volumeMounts", 9, kVolumeMount).list().keyed("mountPath").merge("mountPath"),
    obj("volumeDevices", 21, kVolumeDevice).list().keyed("devicePath").merge("devicePath"),
    obj("livenessProbe", 10, kProbe).pointer(),
    obj("readinessProbe", 11, kProbe).pointer(),
    obj("startupProbe", 22, kProbe).pointer(),
    obj("lifecycle", 12, kLifecycle).pointer(),
    str("terminationMessagePath", 13).def("\"/dev/termination-log\""),
    str("terminationMessagePolicy", 20)
        .go("v1.TerminationMessagePolicy")
        .def("\"File\"")
        .one_of("FallbackToLogsOnError|File"),
    str("imagePullPolicy", 14).go("v1.PullPolicy").one_of("Always|IfNotPresent|Never"),
    obj("securityContext", 15, kSecurityContext).pointer(),
    boolean("stdin", 16),
    boolean("stdinOnce", 17),
    boolean("tty", 18),
};
constinit const Schema kContainer = {.id = "io.k8s.api.core.v1.Container",
                                     .name = "Container",
                                     .fields = kContainerFields,
                                     .defaults = default_container};

constexpr Field kEphemeralContainerCommonFields[] = {
    str("name", 1).always().required(),
    str("image", 2),
    str("command", 3).list().atomic(),
    str("args", 4).list().atomic(),
    str("workingDir", 5),
    obj("ports", 6, kContainerPort).list().keyed("containerPort,protocol").merge("containerPort"),
    obj("envFrom", 19, kEnvFromSource).list().atomic(),
    obj("env", 7, kEnvVar).list().keyed("name").merge("name"),
    obj("resources", 8, kResourceRequirements).def("{}"),
    obj("resizePolicy", 23, kContainerResizePolicy).list().atomic(),
    str("restartPolicy", 24).pointer().go("v1.ContainerRestartPolicy"),
    obj("volumeMounts", 9, kVolumeMount).list().keyed("mountPath").merge("mountPath"),
    obj("volumeDevices", 21, kVolumeDevice).list().keyed("devicePath").merge("devicePath"),
    obj("livenessProbe", 10, kProbe).pointer(),
    obj("readinessProbe", 11, kProbe).pointer(),
    obj("startupProbe", 22, kProbe).pointer(),
    obj("lifecycle", 12, kLifecycle).pointer(),
    str("terminationMessagePath", 13).def("\"/dev/termination-log\""),
    str("terminationMessagePolicy", 20)
        .go("v1.TerminationMessagePolicy")
        .def("\"File\"")
        .one_of("FallbackToLogsOnError|File"),
    str("imagePullPolicy", 14).go("v1.PullPolicy").one_of("Always|IfNotPresent|Never"),
    obj("securityContext", 15, kSecurityContext).pointer(),
    boolean("stdin", 16),
    boolean("stdinOnce", 17),
    boolean("tty", 18),
};
constinit const Schema kEphemeralContainerCommon = {.id = "io.k8s.api.core.v1.EphemeralContainerCommon",
                                                    .name = "EphemeralContainerCommon",
                                                    .fields = kEphemeralContainerCommonFields,
                                                    .defaults = default_container};

constexpr Field kEphemeralContainerFields[] = {
    inlined(1, kEphemeralContainerCommon),
    str("targetContainerName", 2),
};
constinit const Schema kEphemeralContainer = {
    .id = "io.k8s.api.core.v1.EphemeralContainer", .name = "EphemeralContainer", .fields = kEphemeralContainerFields};

}  // namespace appliance::orchestrator::api::core

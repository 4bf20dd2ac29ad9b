//! Alerts in the shapes that their sources send, written for these tests.

pub(crate) const FALCO: &str = r#"{"uuid":"5a5c1c3d-8e6c-4a3b-9f1d-2b1f5b0c7a11","hostname":"node-1","output":"A shell was spawned",
"priority":"Warning","rule":"Terminal shell in container","source":"syscall","tags":["container"],
"time":"2026-01-02T03:04:05.678901234Z","output_fields":{"container.id":"3ad7b26ded6d","container.name":"web",
"evt.time":1767323045678901234,"k8s.ns.name":"shop","k8s.pod.name":"web-0","proc.pid":4711,"proc.cmdline":"sh"}}"#;

pub(crate) const ALERTMANAGER: &str = r#"{"version":"4","groupKey":"{}","status":"firing","receiver":"afterimage",
"groupLabels":{"alertname":"Crash"},"commonLabels":{"alertname":"Crash","severity":"critical"},"commonAnnotations":{},
"externalURL":"http://alertmanager","truncatedAlerts":0,"alerts":[
{"status":"firing","labels":{"alertname":"Crash","severity":"critical","namespace":"shop","pod":"web-0","container":"web",
"instance":"10.0.0.7:8080"},"annotations":{},"startsAt":"2026-01-02T03:04:05Z","endsAt":"0001-01-01T00:00:00Z",
"fingerprint":"c6eadffa33fcdf37"},
{"status":"firing","labels":{"alertname":"Crash","severity":"critical","exported_namespace":"shop","namespace":"monitoring",
"exported_pod":"web-1","pod":"exporter-x","container":"POD"},"annotations":{},"startsAt":"2026-01-02T03:04:06Z",
"fingerprint":"c6eadffa33fcdf38"},
{"status":"resolved","labels":{"alertname":"Crash","namespace":"shop","pod":"web-2"},"startsAt":"2026-01-02T03:04:07Z",
"fingerprint":"c6eadffa33fcdf39"}]}"#;

pub(crate) const GUARDDUTY: &str = r#"{"version":"0","id":"e1","detail-type":"GuardDuty Finding","source":"aws.guardduty",
"account":"123456789012","time":"2026-01-02T03:09:05Z","region":"us-east-1","resources":[],"detail":{"schemaVersion":"2.0",
"id":"f1","type":"Execution:Runtime/NewBinaryExecuted","severity":5.0,"updatedAt":"2026-01-02T03:08:00.000Z",
"resource":{"resourceType":"EKSCluster","eksClusterDetails":{"name":"c"},"instanceDetails":{"instanceId":"i-1",
"networkInterfaces":[{"privateDnsName":"ip-10-0-0-7.ec2.internal"}]},
"kubernetesDetails":{"kubernetesUserDetails":null,"kubernetesWorkloadDetails":{"name":"web-0","type":"pods",
"uid":"0c9d2f3e-1111-2222-3333-444455556666","namespace":"shop","containers":[{"containerRuntime":"containerd",
"id":"containerd://7f3c9d8e","name":"web","image":"shop/web"}]}}},
"service":{"archived":false,"eventLastSeen":"2026-01-02T03:04:05.000Z","additionalInfo":{"value":"{}","type":"default"},
"runtimeDetails":{"process":{"name":"x","pid":4711,"namespacePid":12},"context":null}}}}"#;

pub(crate) const SCC: &str = r#"{"notificationConfigName":"organizations/1/notificationConfigs/n","finding":{
"name":"organizations/1/sources/2/findings/3","category":"Added Binary Executed","state":"ACTIVE","mute":"UNDEFINED",
"severity":"HIGH","eventTime":"2026-01-02T03:04:05.678Z","findingClass":"THREAT","kubernetes":{"pods":[{"ns":"shop",
"name":"web-0","labels":[],"containers":[{"name":"web","uri":"shop/web","imageId":"sha256:1"},{"name":"side"}]}],
"nodes":[{"name":"//compute.googleapis.com/projects/p/zones/z/instances/gke-node-1"}]}},"resource":{"name":"//x"}}"#;

pub(crate) const GENERIC: &str = r#"{"events":[{"what":{"name":"Odd"},"level":9,"at":1767323045,"where":{"cid":"docker://abc","pid":"12"}},
{"what":{"name":"Odder"},"level":"low","at":null,"where":{"cid":""},"pre":5000}]}"#;

// Manifests of Kubernetes and appc with everything that is converted and much that is not, for changes to begin with.

export const FOREIGN: readonly string[] = [
  `apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {a: b}}
immutable: true
data: {a.conf: "x\\n", b: "$(A)"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}
  minReadySeconds: 5
  template:
    metadata: {labels: {app: web}, annotations: {x: "y"}, creationTimestamp: null}
    spec:
      restartPolicy: Always
      terminationGracePeriodSeconds: 45
      hostNetwork: false
      hostUsers: false
      hostname: h
      shareProcessNamespace: true
      dnsPolicy: ClusterFirst
      nodeSelector: {disk: ssd}
      resources: {limits: {memory: 1Gi}}
      securityContext:
        runAsUser: 1000
        runAsGroup: 1000
        runAsNonRoot: true
        fsGroup: 5
        supplementalGroups: [1, 2]
        seccompProfile: {type: RuntimeDefault}
        sysctls: [{name: net.core.somaxconn, value: "1024"}]
      initContainers:
        - {name: i, image: busybox, command: [sh, -c, "echo $(A) $$(B)"], env: [{name: A, value: "1"}]}
        - {name: j, image: localhost:5000/j:1}
      containers:
        - &web
          name: web
          image: nginx:1.27
          imagePullPolicy: IfNotPresent
          command: [nginx]
          args: [-g, "daemon off; $(HOST)"]
          workingDir: /srv
          tty: true
          env: [{name: HOST, value: x}, {name: URL, value: "http://$(HOST)/"}, {name: P, valueFrom: {fieldRef: {}}}]
          ports: [{containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}, {name: dns, containerPort: 53, protocol: UDP}]
          resources: {limits: {cpu: "0.5", memory: 128Mi, hugepages-2Mi: 4Mi}, requests: {cpu: 250m, memory: "1e6"}}
          volumeMounts: [{name: c, mountPath: /etc/c/, readOnly: true}, {name: t, mountPath: /tmp, subPath: a}]
          startupProbe: {exec: {command: [x, "$(HOST)"]}, failureThreshold: 30}
          readinessProbe: {httpGet: {path: ok, port: 80, httpHeaders: [{name: A, value: b}]}, periodSeconds: 5}
          livenessProbe: {grpc: {port: 80, service: s}, initialDelaySeconds: 3, timeoutSeconds: 2}
          lifecycle: {postStart: {exec: {command: [y]}}, preStop: {exec: {command: [sleep, "5"]}}}
          securityContext:
            allowPrivilegeEscalation: true
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
            seLinuxOptions: {type: t, level: s0}
            appArmorProfile: {type: Localhost, localhostProfile: p}
        - {<<: *web, name: two, ports: [], securityContext: {privileged: false, capabilities: {drop: [KILL]}}}
      volumes:
        - {name: c, configMap: {name: c, items: [{key: b, path: d/b}], defaultMode: 0644}}
        - {name: t, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
        - {name: h, hostPath: {path: /srv, type: ""}}
        - {name: s, secret: {secretName: s}}
`,
  `{"acVersion": "0.8.11", "acKind": "PodManifest",
  "apps": [{"name": "a", "image": {"name": "example.com/a", "id": "sha512-0", "labels": [{"name": "version", "value": "1"}]},
    "app": {"exec": ["/bin/a", "-x"], "user": "0", "group": "/etc", "supplementaryGIDs": [5], "workingDirectory": "/",
      "environment": [{"name": "A", "value": "b"}], "mountPoints": [{"name": "w", "path": "/w/", "readOnly": true}],
      "ports": [{"name": "http", "port": 80, "protocol": "tcp", "count": 1, "socketActivated": false}],
      "eventHandlers": [{"name": "pre-start", "exec": ["/p"]}, {"name": "post-stop", "exec": ["/q"]}],
      "isolators": [{"name": "resource/cpu", "value": {"request": "250m", "limit": "500m"}},
        {"name": "os/linux/capabilities-retain-set", "value": {"set": ["CAP_KILL"]}}, {"name": "os/linux/nope", "value": {}}],
      "userAnnotations": {"a": "b"}, "userLabels": {"a": "b"}},
    "readOnlyRootFS": true, "mounts": [{"volume": "w", "path": "/w"}, {"volume": "e", "path": "/e"}],
    "annotations": [{"name": "x", "value": "y"}]}],
  "volumes": [{"name": "w", "kind": "host", "source": "/opt", "readOnly": true, "recursive": true},
    {"name": "e", "kind": "empty", "mode": "0755", "uid": 0, "gid": 0}],
  "isolators": [{"name": "resource/memory", "value": {"limit": "4G"}}],
  "annotations": [{"name": "ip", "value": "10.1.2.3"}], "userLabels": {"l": "m"},
  "ports": [{"name": "http", "hostPort": 2121, "hostIP": "127.0.0.1"}]}
`,
  `{"acKind": "ImageManifest", "acVersion": "0.8.11", "name": "example.com/a", "labels": [{"name": "os", "value": "linux"}],
  "app": {"exec": ["/a"], "user": "1", "group": "1", "ports": [{"name": "x", "port": 1, "protocol": "udp"}]},
  "dependencies": [{"imageName": "example.com/b"}], "annotations": [{"name": "created", "value": "2014-10-27T19:32:27Z"}]}
`,
];

//! A real Redis Cluster in which the keys of the store lie on a node of their own.

use vestibule_dev::testing::ports::Port;

use crate::{
    authority::Authority,
    redis_server::{Server, until},
};

/// The node that has our slot at first, its place among the nodes, and its replica's.
const PRIMARY: usize = 2;
const REPLICA: usize = 3;

pub struct Cluster {
    /// Three primaries, for a majority without one of them, and a replica.
    pub nodes: Vec<Server>,
    bus_ports: Vec<Port>,
}

impl Cluster {
    /// Starts the nodes and waits until they are a cluster ready for a failover.
    ///
    /// # Panics
    /// See [`Server::start`].
    pub fn start() -> Option<Self> {
        Self::start_over(None)
    }

    /// The same over TLS alone, if somebody certifies the nodes.
    ///
    /// # Panics
    /// See [`Server::start`].
    pub fn start_over(tls: Option<&Authority>) -> Option<Self> {
        let mut nodes = Vec::new();
        let mut bus_ports = Vec::new();
        for _ in 0..=REPLICA {
            let bus = Port::reserve();
            let bus_port = bus.address.port().to_string();
            let settings = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus_port,
                "--cluster-node-timeout",
                "1000",
                "--repl-diskless-sync-delay",
                "0",
            ];
            nodes.push(Server::start_over(tls, &settings)?);
            bus_ports.push(bus);
        }
        let cluster = Self { nodes, bus_ports };
        cluster.share_out_slots();
        cluster.introduce_nodes();
        let id = cluster.primary().ask("CLUSTER MYID");
        let id = id.lines().nth(1).unwrap();
        let replica = cluster.replica();
        until(|| replica.ask(&format!("CLUSTER REPLICATE {id}")) == "+OK\r\n");
        until(|| {
            let nodes = cluster.nodes.iter();
            nodes.clone().all(|node| {
                let known = node.ask("CLUSTER NODES");
                known.contains(&format!("slave {id}"))
                    && node.ask("CLUSTER INFO").contains("cluster_state:ok")
            }) && replica
                .ask("INFO replication")
                .contains("master_link_status:up")
        });
        Some(cluster)
    }

    /// Names a node that sends all calls on.
    pub fn url(&self) -> String {
        self.nodes[0].url().replace("://", "+cluster://")
    }

    /// The node that has our slot at first.
    pub fn primary(&self) -> &Server {
        &self.nodes[PRIMARY]
    }

    pub fn replica(&self) -> &Server {
        &self.nodes[REPLICA]
    }

    /// Stops the node that has our slot at first.
    pub fn stop_primary(&mut self) {
        self.nodes[PRIMARY].stop();
    }

    pub fn restart_primary(&mut self) {
        self.nodes[PRIMARY].restart();
    }

    /// Waits until the replica has what the primary has.
    pub fn replicated(&self) {
        let write = "SET {vestibule}:replicated yes";
        let acknowledged = self.primary().ask(&format!("{write}\r\nWAIT 1 60000"));
        assert!(acknowledged.ends_with(":1\r\n"), "{acknowledged}");
    }

    fn share_out_slots(&self) {
        let slot = self.nodes[0].ask("CLUSTER KEYSLOT {vestibule}");
        let slot: u16 = slot.trim_start_matches(':').trim_end().parse().unwrap();
        for (node, first, last) in [
            (0, 0, slot - 1),
            (1, slot + 1, 16383),
            (PRIMARY, slot, slot),
        ] {
            let answer = self.nodes[node].ask(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
            assert_eq!(answer, "+OK\r\n");
        }
    }

    fn introduce_nodes(&self) {
        for (node, bus) in self.nodes.iter().zip(&self.bus_ports).skip(1) {
            let (port, bus) = (node.address.port(), bus.address.port());
            let answer = self.nodes[0].ask(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
            assert_eq!(answer, "+OK\r\n");
        }
    }
}

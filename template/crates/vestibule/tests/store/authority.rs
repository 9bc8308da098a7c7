//! A certificate authority of a test's own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// The authority, and one certificate of its with the key to it.
pub struct Authority(tempfile::TempDir);

impl Authority {
    /// Makes an authority that certifies these names, such as
    /// `DNS:localhost,IP:127.0.0.1`.
    pub fn certifying(names: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[req]\ndistinguished_name = name\n[name]\n\
             [ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n\
             [leaf]\nbasicConstraints = CA:FALSE\nsubjectAltName = {names}\n"
        );
        std::fs::write(folder.path().join("config"), config).unwrap();
        for arguments in [
            "req -x509 -config config -extensions ca -newkey rsa:2048 -nodes -days 2 \
             -subj /CN=authority -keyout ca.key -out ca.pem",
            "req -new -config config -newkey rsa:2048 -nodes \
             -subj /CN=leaf -keyout leaf.key -out leaf.csr",
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 2 \
             -extfile config -extensions leaf -out leaf.pem",
        ] {
            let made = Command::new("openssl")
                .args(arguments.split_ascii_whitespace())
                .current_dir(folder.path())
                .output();
            let made = made.unwrap_or_else(|error| panic!("openssl makes certificates: {error}"));
            let said = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "{arguments}: {said}");
        }
        Self(folder)
    }

    /// The authority's own certificate, for those who trust it.
    pub fn file(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    pub fn certificate_file(&self) -> PathBuf {
        self.0.path().join("leaf.pem")
    }

    pub fn key_file(&self) -> PathBuf {
        self.0.path().join("leaf.key")
    }

    /// TLS for clients that trust this authority and no other.
    pub fn client(&self) -> Arc<ClientConfig> {
        let mut authorities = RootCertStore::empty();
        authorities.add(read(&self.file())).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(authorities)
            .with_no_client_auth();
        Arc::new(config)
    }

    /// TLS for the server that is certified.
    pub fn server(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from_pem_file(self.key_file()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![read(&self.certificate_file())], key)
            .unwrap();
        Arc::new(config)
    }
}

fn read(certificate: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certificate).unwrap()
}

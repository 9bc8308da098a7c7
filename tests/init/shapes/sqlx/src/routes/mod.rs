mod health;
mod orders;

use actix_web::web::ServiceConfig;

pub fn init(cfg: &mut ServiceConfig) {
    cfg.service(health::health);
    cfg.service(orders::show);
    cfg.service(orders::create);
}

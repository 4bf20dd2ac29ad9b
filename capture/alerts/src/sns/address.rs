//! Which addresses in a message are followed: those of the provider's own hosts and no others.

use url::Url;

/// `https://sns.REGION.amazonaws.com[.cn]/`, nothing before the host and no other port.
fn own(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("no URL: {error}"))?;
    if url.scheme() != "https" {
        return Err("expected https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.port().is_some() || url.fragment().is_some() {
        return Err("has a user, a port or a fragment".to_owned());
    }
    match url.host_str() {
        Some(host) if is_own_host(host) => Ok(url),
        _ => Err("is no host of SNS: expected sns.REGION.amazonaws.com".to_owned()),
    }
}

/// Whether a host is one of SNS' in some region.
pub(super) fn is_own_host(host: &str) -> bool {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let region = host
        .strip_prefix("sns.")
        .and_then(|rest| rest.strip_suffix(".amazonaws.com"));
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    region.is_some_and(|region| region.len() >= 3 && region.chars().all(good))
}

/// Where a certificate may be fetched.
pub(super) fn certificate(text: &str) -> Result<Url, String> {
    let url = own(text).map_err(|why| format!("SigningCertURL: {why}"))?;
    match url.path().ends_with(".pem") && url.query().is_none() {
        true => Ok(url),
        false => Err("SigningCertURL: expected a path that ends in .pem".to_owned()),
    }
}

/// What may be visited to confirm the subscription of `topic`.
pub(super) fn confirmation(text: &str, topic: &str, token: &str) -> Result<Url, String> {
    let url = own(text).map_err(|why| format!("SubscribeURL: {why}"))?;
    let is = |name: &str, value: &str| {
        let mut all = url.query_pairs().filter(|(key, _)| key == name);
        all.next().is_some_and(|(_, found)| found == value) && all.next().is_none()
    };
    match url.path() == "/" && is("Action", "ConfirmSubscription") && is("TopicArn", topic) && is("Token", token) {
        true => Ok(url),
        false => Err("SubscribeURL: confirms something else than this subscription".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_providers_own_hosts() {
        let good = [
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-x.pem",
            "https://sns.us-gov-west-1.amazonaws.com/x.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
            "https://SNS.us-east-1.amazonaws.com:443/x.pem",
        ];
        let bad = [
            "http://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com/x.txt",
            "https://sns.us-east-1.amazonaws.com/x.pem?y",
            "https://sns.us-east-1.amazonaws.com:8443/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
            "https://evil@sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.example\\@sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.example#sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.a.b.amazonaws.com/x.pem",
            "https://sns.amazonaws.com/x.pem",
            "https://xsns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com./x.pem",
            "https://sns.us-east-1.amazonaws.co/x.pem",
            "https://s3.us-east-1.amazonaws.com/x.pem",
            "https://169.254.169.254/x.pem",
            "file:///etc/ssl/x.pem",
            "x.pem",
            "",
        ];
        for url in good {
            assert!(certificate(url).is_ok(), "{url}: {:?}", certificate(url));
        }
        for url in bad {
            assert!(certificate(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_this_subscription_is_confirmed() {
        let topic = "arn:aws:sns:us-east-1:1:t";
        let check = |url: &str, good: bool| assert_eq!(confirmation(url, topic, "T").is_ok(), good, "{url}");
        let host = "https://sns.us-east-1.amazonaws.com";
        check(
            &format!("{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token=T"),
            true,
        );
        check(&format!("{host}/?Action=DeleteTopic&TopicArn={topic}&Token=T"), false);
        check(
            &format!("{host}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={topic}&Token=T"),
            false,
        );
        check(
            &format!("{host}/?Action=ConfirmSubscription&TopicArn={topic}x&Token=T"),
            false,
        );
        check(&format!("{host}/?Action=ConfirmSubscription&TopicArn={topic}"), false);
        check(
            &format!("{host}/x?Action=ConfirmSubscription&TopicArn={topic}&Token=T"),
            false,
        );
        check(
            &format!("https://evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token=T"),
            false,
        );
    }
}

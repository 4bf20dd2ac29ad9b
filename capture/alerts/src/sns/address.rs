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
    region(host, "sns.").is_some()
}

/// Whether a name in a certificate is one that SNS signs with. Beside the names of its hosts these are what AWS' own SDK for Java
/// expects of GovCloud, China and regions that have to be opted in to. Nothing is fetched from hosts of these names.
pub(super) fn is_signers_name(name: &str) -> bool {
    let prefixes = ["sns.", "sns-", "sns-signing."];
    name == "sns.amazonaws.com" || prefixes.iter().any(|prefix| region(name, prefix).is_some())
}

/// The region in `PREFIX REGION .amazonaws.com[.cn]`.
fn region<'h>(host: &'h str, prefix: &str) -> Option<&'h str> {
    let host = host.strip_suffix(".cn").unwrap_or(host);
    let region = host.strip_prefix(prefix)?.strip_suffix(".amazonaws.com")?;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (region.len() >= 3 && region.chars().all(good)).then_some(region)
}

/// Where a certificate may be fetched for messages of `topic`: in the topic's own region.
pub(super) fn certificate(text: &str, topic: &str) -> Result<Url, String> {
    let url = own(text).map_err(|why| format!("SigningCertURL: {why}"))?;
    if !url.path().ends_with(".pem") || url.query().is_some() {
        return Err("SigningCertURL: expected a path that ends in .pem".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    match region_of(topic).is_some_and(|own| region(host, "sns.") == Some(own)) {
        true => Ok(url),
        false => Err("SigningCertURL: is not of the region of TopicArn".to_owned()),
    }
}

/// The region of a topic: `arn:aws[-cn|-us-gov]:sns:REGION:ACCOUNT:NAME`.
fn region_of(topic: &str) -> Option<&str> {
    let mut parts = topic.split(':');
    let is_arn = parts.next() == Some("arn");
    let is_partition = matches!(parts.next(), Some("aws" | "aws-cn" | "aws-us-gov"));
    let is_topic = parts.next() == Some("sns");
    parts.next().filter(|_| is_arn && is_partition && is_topic)
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
        let topic = "arn:aws:sns:us-east-1:1:t";
        let good = [
            (
                "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-x.pem",
                topic,
            ),
            (
                "https://sns.us-gov-west-1.amazonaws.com/x.pem",
                "arn:aws-us-gov:sns:us-gov-west-1:1:t",
            ),
            (
                "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
                "arn:aws-cn:sns:cn-north-1:1:t",
            ),
            ("https://SNS.us-east-1.amazonaws.com:443/x.pem", topic),
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
            "https://sns-us-gov-west-1.amazonaws.com/x.pem",
            "https://sns-signing.ap-east-1.amazonaws.com/x.pem",
            "https://169.254.169.254/x.pem",
            "file:///etc/ssl/x.pem",
            "x.pem",
            "",
        ];
        for (url, topic) in good {
            assert!(certificate(url, topic).is_ok(), "{url}: {:?}", certificate(url, topic));
        }
        for url in bad {
            assert!(certificate(url, topic).is_err(), "{url}");
        }
        // Another region than the topic's, and what is no topic.
        for topic in [
            "arn:aws:sns:us-east-2:1:t",
            "arn:aws-x:sns:us-east-1:1:t",
            "arn:aws:sqs:us-east-1:1:t",
            "x:aws:sns:us-east-1:1:t",
            "arn:aws:sns",
            "us-east-1",
            "",
        ] {
            assert!(certificate(good[0].0, topic).is_err(), "{topic}");
        }
    }

    #[test]
    fn names_in_certificates() {
        let check = |name: &str, good: bool| assert_eq!(is_signers_name(name), good, "{name}");
        check("sns.amazonaws.com", true);
        for region in ["us-east-1", "us-gov-west-1", "cn-north-1", "ap-east-1"] {
            for end in ["amazonaws.com", "amazonaws.com.cn"] {
                check(&format!("sns.{region}.{end}"), true);
                check(&format!("sns-{region}.{end}"), true);
                check(&format!("sns-signing.{region}.{end}"), true);
                check(&format!("sns-signing.{region}.{end}.evil.example"), false);
                check(&format!("sqs.{region}.{end}"), false);
                check(&format!("xsns-{region}.{end}"), false);
                check(&format!("sns-signing.a.{region}.{end}"), false);
            }
        }
        for other in [
            "amazonaws.com",
            "sns-.amazonaws.com",
            "sns-signing.amazonaws.co",
            "sns-a.b.amazonaws.com",
            "*.amazonaws.com",
            "",
        ] {
            check(other, false);
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
